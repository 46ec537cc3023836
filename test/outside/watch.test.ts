import { type ClientHttp2Session, connect } from "node:http2";
import { create, fromBinary, fromJsonString, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { WatchEnvironmentRequestSchema, WatchEnvironmentResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, refusal, TRANSPORTS, type TransportName } from "./clients.ts";
import { Server } from "./server.ts";

const NAMES = Object.keys(TRANSPORTS) as TransportName[];
const BINARY = ["application/grpc", "application/grpc+proto", "application/grpc-web+proto", "application/connect+proto"];
const JSON_TYPES = ["application/grpc+json", "application/grpc-web+json", "application/connect+json"];

function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The messages of a watch of uat, byte by byte, as they come. */
async function* payloads(session: ClientHttp2Session, key: string, type: string): AsyncGenerator<Buffer, void, undefined> {
  const request = create(WatchEnvironmentRequestSchema, { environment: "uat" });
  const path = "/callme.v1.LockService/WatchEnvironment";
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": type, te: "trailers", "x-api-key": key });
  stream.end(framed(type.endsWith("json") ? Buffer.from('{"environment":"uat"}') : toBinary(WatchEnvironmentRequestSchema, request)));
  let rest = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      // A set bit is compression, or the end of the stream.
      if (rest[0] !== 0) throw new Error(`a frame with flags ${rest[0]}`);
      yield rest.subarray(5, end);
      rest = rest.subarray(end);
    }
  }
}

test("gRPC, gRPC-Web and Connect are told of a change in the same bytes, and /watch in the same JSON", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server);
  const session = connect(server.url);
  const open = (type: string) => payloads(session, server.key, type);
  const [binary, json] = [BINARY.map(open), JSON_TYPES.map(open)];
  const lines = await fetch(`${server.url}/watch?environment=uat`, { headers: { "x-api-key": server.key } });
  const text = lines.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  for (const watch of [...binary, ...json]) await watch.next();
  await text?.next();
  for (let turn = 0; turn < 3; turn++) {
    const lease = leaseIn(await locks.acquire({ environment: "uat", reason: "ü" }));
    const told = await Promise.all(binary.map(async (watch) => (await watch.next()).value ?? Buffer.alloc(0)));
    const words = await Promise.all(json.map(async (watch) => String((await watch.next()).value)));
    const message = fromBinary(WatchEnvironmentResponseSchema, told[0] ?? Buffer.alloc(0));
    expect(message).toMatchObject({ kind: WatchKind.CHANGE, cause: { leaseId: lease.id } });
    expect(new Set(told.map((bytes) => bytes.toString("base64"))).size).toBe(1);
    expect(new Set([...words, String((await text?.next())?.value).trimEnd()]).size).toBe(1);
    expect(fromJsonString(WatchEnvironmentResponseSchema, words[0] ?? "")).toEqual(message);
    await locks.release({ leaseId: lease.id });
    for (const watch of [...binary, ...json]) await watch.next();
    await text?.next();
  }
  session.destroy();
});

test.each(NAMES)("over %s a watch tells the end of an environment, and then its own with DRAINING when the server stops", async (over) => {
  await using server = await Server.start();
  const { locks, environments } = clientsOf(server, over);
  await environments.applyEnvironments({ environments: [{ name: "uat", pool: "fleet", description: "here" }] });
  const watches = [{ environment: "uat" }, { pool: "fleet" }].map((topic) => locks.watchEnvironment(topic)[Symbol.asyncIterator]());
  for (const watch of watches) expect(await watch.next()).toMatchObject({ value: { kind: WatchKind.SNAPSHOT } });
  await environments.deleteEnvironment({ environment: "uat" });
  for (const watch of watches)
    expect(await watch.next()).toMatchObject({
      value: { kind: WatchKind.CHANGE, environments: [{ name: "uat", deleted: true, capacity: 1 }] },
    });
  const ends = watches.map((watch) => refusal(watch.next()));
  const stopped = server.stop();
  expect(await Promise.all(ends)).toEqual(["unavailable DRAINING", "unavailable DRAINING"]);
  await stopped;
});
