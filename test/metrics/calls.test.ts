// Each call is counted once, by what it came to, however it ends; the same with the direct way on and off.
import { once } from "node:events";
import { connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBoth } from "../outside/both-ways.ts";
import { clientsOf, leaseIn } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { KEY, Server } from "../outside/server.ts";
import { envelope } from "../outside/wire.ts";
import { BIN } from "../packed.ts";
import { openSocket } from "../rpc/doors.ts";
import { type Sample, scrape } from "./scrape.ts";

let servers: Server[];
beforeAll(async () => {
  servers = await startBoth();
});
afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

const CHECK = "callme.v1.LockService/Check";
const ACQUIRE = "callme.v1.LockService/Acquire";
const WATCH = "callme.v1.LockService/WatchEnvironment";

/** Sends it over HTTP/1.1 and reads the answer. */
async function http1({ url }: Server, path: string, headers: Readonly<Record<string, string>>, body = ""): Promise<void> {
  await (await fetch(`${url}/${path}`, { method: "POST", headers: { "x-api-key": KEY, ...headers }, body })).arrayBuffer();
}

/** Begins a gRPC call; `end`: what its request ends with, or that its connection is cut before that. */
async function http2({ url }: Server, path: string, headers: object, end: Uint8Array | "cut"): Promise<void> {
  const session = connect(url);
  const stream = session.request({
    ...{ ":method": "POST", ":path": `/${path}`, "x-api-key": KEY, "content-type": "application/grpc", te: "trailers" },
    ...headers,
  });
  if (end === "cut") {
    stream.write(envelope("half").subarray(0, 7));
    // It has begun once what came behind it was answered; nobody counts this.
    const behind = session.request({ ":path": "/healthz" });
    behind.resume();
    await once(behind, "close");
    stream.on("error", () => undefined);
    session.destroy();
  } else {
    stream.end(end);
    stream.resume();
  }
  await once(stream, "close");
  session.close();
}

async function cut({ port }: Server, path: string, type: string, begin: string): Promise<void> {
  const socket = await openSocket(port);
  const head = `POST /${path} HTTP/1.1\r\nhost: here\r\nx-api-key: ${KEY}\r\ncontent-type: ${type}\r\ncontent-length: 100\r\n\r\n`;
  await new Promise((resolve) => socket.write(`${head}${begin}`, resolve));
  socket.end();
  socket.destroy();
}

const JSON_TYPE = { "content-type": "application/json" };

/** What is called, how it fails, and what is counted. */
const FAULTS: readonly (readonly [what: string, method: string, system: string, code: string, fail: (server: Server) => Promise<void>])[] =
  [
    ["JSON that is none", CHECK, "connectrpc", "INVALID_ARGUMENT", (server) => http1(server, CHECK, JSON_TYPE, "{")],
    [
      "a timeout that is none",
      CHECK,
      "connectrpc",
      "INVALID_ARGUMENT",
      (server) => http1(server, CHECK, { ...JSON_TYPE, "connect-timeout-ms": "soon" }, "{}"),
    ],
    [
      "a timeout of gRPC that is none",
      CHECK,
      "grpc",
      "INVALID_ARGUMENT",
      (server) => http2(server, CHECK, { "grpc-timeout": "soon" }, envelope("")),
    ],
    ["bytes that are no message", CHECK, "grpc", "INVALID_ARGUMENT", (server) => http2(server, CHECK, {}, envelope("\xff\xff\xff"))],
    ["no message at all", ACQUIRE, "grpc", "INVALID_ARGUMENT", (server) => http2(server, ACQUIRE, {}, Buffer.alloc(0))],
    ["a request of a stream that is none", WATCH, "grpc", "INVALID_ARGUMENT", (server) => http2(server, WATCH, {}, envelope("\xff\xff"))],
    [
      "a request of a stream by Connect that is none",
      WATCH,
      "connectrpc",
      "INVALID_ARGUMENT",
      (server) => http1(server, WATCH, { "content-type": "application/connect+json" }, Buffer.from(envelope("{")).toString("latin1")),
    ],
    [
      "gzip that is none",
      CHECK,
      "connectrpc",
      "INVALID_ARGUMENT",
      (server) => http1(server, CHECK, { ...JSON_TYPE, "content-encoding": "gzip" }, "x"),
    ],
    [
      "a codec that there is none of",
      CHECK,
      "connectrpc",
      "UNIMPLEMENTED",
      (server) => http1(server, CHECK, { "content-type": "text/plain" }, "{}"),
    ],
    [
      "a method that there is none of",
      "_OTHER",
      "connectrpc",
      "UNIMPLEMENTED",
      (server) => http1(server, "callme.v1.LockService/Lock", JSON_TYPE, "{}"),
    ],
    [
      "a method of gRPC that there is none of",
      "_OTHER",
      "grpc",
      "UNIMPLEMENTED",
      (server) => http2(server, "callme.v1.NoService/Lock", {}, envelope("")),
    ],
    ["a body that ends early", ACQUIRE, "connectrpc", "CANCELLED", (server) => cut(server, ACQUIRE, "application/json", '{"environ')],
    [
      "a body of a stream that ends early",
      WATCH,
      "connectrpc",
      "CANCELLED",
      (server) => cut(server, WATCH, "application/connect+json", "\0\0\0\0\x50{"),
    ],
    ["a body of gRPC that ends early", ACQUIRE, "grpc", "CANCELLED", (server) => http2(server, ACQUIRE, {}, "cut")],
    ["a wrong key", CHECK, "grpc", "UNAUTHENTICATED", (server) => http2(server, CHECK, { "x-api-key": "wrong" }, envelope(""))],
    [
      "a parameter of /watch that there is none of",
      WATCH,
      "connectrpc",
      "INVALID_ARGUMENT",
      async ({ url }) => void (await (await fetch(`${url}/watch?enviroment=uat`, { headers: { "x-api-key": KEY } })).text()),
    ],
  ];

const COUNT = "rpc_server_call_duration_seconds_count";
const series = ({ labels }: Sample) => JSON.stringify(labels);

/** What more is counted, once it is something. */
async function counted(server: Server, act: () => Promise<void>): Promise<object[]> {
  const before = new Map((await scrape(server)).all(COUNT).map((sample) => [series(sample), sample.value]));
  await act();
  return await eventually(async () => {
    const now = (await scrape(server)).all(COUNT);
    const more = now.flatMap((sample) => {
      const { rpc_method, rpc_system_name, rpc_response_status_code, error_type } = sample.labels;
      const times = sample.value - (before.get(series(sample)) ?? 0);
      return times === 0 ? [] : [{ times, method: rpc_method, system: rpc_system_name, code: rpc_response_status_code, type: error_type }];
    });
    return more.length > 0 && more;
  });
}

describe.each([
  ["directly", 0],
  ["through connect-es", 1],
])("%s", (_, index) => {
  test.each(FAULTS)("%s: %s by %s is %s", async (_what, method, system, code, fail) => {
    const server = servers[index];
    if (server === undefined) throw new Error("there is no server");
    const type = code === "UNIMPLEMENTED" ? code : undefined;
    expect(await counted(server, () => fail(server))).toEqual([{ times: 1, method, system, code, type }]);
  });

  test("a stream that its client ends is CANCELLED, one that has told the end of a lease is OK", async () => {
    const server = servers[index];
    if (server === undefined) throw new Error("there is no server");
    const { locks } = clientsOf(server, "gRPC");
    const cancelled = await counted(server, async () => {
      const abort = new AbortController();
      const stream = locks.watchEnvironment({ environment: "uat" }, { signal: abort.signal })[Symbol.asyncIterator]();
      await stream.next();
      abort.abort();
    });
    expect(cancelled).toEqual([{ times: 1, method: WATCH, system: "grpc", code: "CANCELLED", type: undefined }]);
    const lease = leaseIn(await locks.acquire({ environment: `told-${index}` }));
    const ended = await counted(server, async () => {
      const stream = locks.watchLease({ leaseId: lease.id })[Symbol.asyncIterator]();
      await stream.next();
      await locks.release({ leaseId: lease.id });
      while (!(await stream.next()).done);
    });
    expect(ended).toContainEqual({ times: 1, method: "callme.v1.LockService/WatchLease", system: "grpc", code: "OK", type: undefined });
  });
});

test.each(["on", "off"])("a stream that the server ends when it stops is UNAVAILABLE, with the direct way %s", async (direct) => {
  await using server = await Server.start({ CALL_ME_DIRECT: direct, CALL_ME_LOG_LEVEL: "debug" }, BIN);
  const stream = clientsOf(server, "gRPC").locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]();
  await stream.next();
  const rest = stream.next();
  await Promise.all([server.stop(), expect(rest).rejects.toThrow()]);
  const call = server.log.find(({ msg, method }) => msg === "a call has ended" && method === WATCH);
  expect(call).toMatchObject({ code: "UNAVAILABLE" });
});
