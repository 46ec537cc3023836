// The direct way and the long way (CALL_ME_DIRECT=off) answer alike: one table of calls, good and bad, through both.
import { create, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { overHttp1, overHttp2, plain, startBoth } from "./both-ways.ts";
import { clientsOf } from "./clients.ts";
import { KEY, type Server } from "./server.ts";
import { envelope } from "./wire.ts";

const METHODS = LockService.method;
type Name = "check" | "acquire" | "release" | "renew" | "getLease" | "checkFence";

let servers: Server[];
beforeAll(async () => {
  servers = await startBoth();
  const labels = { tier: "uat" };
  const environments = ["s-1", "s-2"].map((name) => ({ name, pool: "direct", labels, capacity: 3 }));
  for (const server of servers) await clientsOf(server).environments.applyEnvironments({ environments });
});
afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

/** Calls whose answers do not depend on others. */
const CALLS: [words: string, name: Name, message: object, headers?: Record<string, string>][] = [
  ["a free one", "check", { environment: "free" }],
  ["all of a pool", "check", { pool: "default" }],
  ["an Acquire", "acquire", { environment: "direct-a", holder: { name: "ci" }, requestId: "r1" }],
  ["its retry", "acquire", { environment: "direct-a", holder: { name: "ci" }, requestId: "r1" }],
  ["the same request_id for something else", "acquire", { environment: "direct-b", requestId: "r1" }],
  ["a busy one", "acquire", { environment: "direct-a", ifBusy: "IF_BUSY_FAIL" }],
  ["one that is queued", "acquire", { environment: "direct-a", reason: "waits" }],
  ["a wait that its deadline cuts short", "acquire", { environment: "direct-a", wait: "60s", requestId: "r2" }, { timeout: "300" }],
  ["one that can never be met", "acquire", { needs: [{ environment: "direct-a", slots: 5 }] }],
  ["one by selector", "acquire", { pool: "direct", needs: [{ selector: "tier=uat,!gpu", count: 2, slots: 2 }] }],
  ["one by selector that is queued", "acquire", { pool: "direct", needs: [{ selector: "tier in (uat,qa)" }] }],
  ["one by selector that can never be met", "acquire", { needs: [{ selector: "tier=prod" }] }],
  ["a selector that is none", "acquire", { needs: [{ selector: "tier in ü" }] }],
  ["a Check by selector", "check", { pool: "direct", selector: "tier" }],
  ["a bad field", "acquire", { environment: "direct-a", ttl: "0.5s" }],
  ["nothing that is asked for", "acquire", {}],
  ["text that no header can carry", "release", { leaseId: `${UNKNOWN} ü ☃ %25 \u{1f600}` }],
  ["an unknown lease", "release", { leaseId: UNKNOWN }],
  ["a reservation", "acquire", { environment: "direct-r", notAfter: "2026-01-01T00:00:00Z", autoClaim: true }],
  ["one without an end", "acquire", { environment: "direct-r", autoClaim: true }],
  ["one too far ahead", "acquire", { environment: "direct-r", notBefore: "2200-01-01T00:00:00Z" }],
  ["one that should not wait", "acquire", { environment: "direct-r", notBefore: "2200-01-01T00:00:00Z", ifBusy: "IF_BUSY_FAIL" }],
  ["a release by request_id", "release", { environment: "direct-a", requestId: "r1" }],
  ["its repetition", "release", { environment: "direct-a", requestId: "r1" }],
  ["a renewal of nothing", "renew", { leaseId: UNKNOWN }],
  ["a lease that is not there", "getLease", { leaseId: UNKNOWN }],
  ["a fence", "checkFence", { environment: "direct-a", fencingToken: "5" }],
  ["no key", "check", { environment: "free" }, { "x-api-key": "" }],
  ["a wrong key", "check", { environment: "free" }, { "x-api-key": "nope" }],
  ["a bearer", "check", { environment: "free" }, { "x-api-key": "", authorization: `Bearer ${KEY}` }],
  ["a page of another site", "check", { environment: "free" }, { origin: "https://evil.example.com" }],
  ["a deadline", "check", { environment: "free" }, { timeout: "5000" }],
  ["a deadline that is none", "check", { environment: "free" }, { timeout: "soon" }],
];

describe("gRPC over HTTP/2", () => {
  test.each(CALLS)("%s", async (_, name, message, { timeout, ...headers } = {}) => {
    const { input, output, parent, name: method } = METHODS[name];
    const bytes = toBinary(input, fromJson(input, message as never));
    const sent = { "content-type": "application/grpc", te: "trailers", ...(timeout && { "grpc-timeout": `${timeout}m` }), ...headers };
    const answers = await Promise.all(servers.map((server) => overHttp2(server, `/${parent.typeName}/${method}`, sent, [envelope(bytes)])));
    const [direct, long] = answers.map(({ body, ...answer }) => {
      if (answer.trailers["grpc-status"] !== "0") return plain(JSON.stringify({ ...answer, body: body.toString() }));
      expect(body.readUInt32BE(1)).toBe(body.byteLength - 5);
      return { ...answer, body: plain(JSON.stringify(toJson(output, fromBinary(output, body.subarray(5))))) };
    });
    expect(direct).toEqual(long);
  });
});

describe("JSON over HTTP/1.1", () => {
  test.each(CALLS)("%s", async (_, name, message, { timeout, ...headers } = {}) => {
    const { parent, name: method } = METHODS[name];
    const body = Buffer.from(JSON.stringify(message));
    const sent = {
      "content-type": "application/json",
      "content-length": String(body.byteLength),
      ...(timeout && { "connect-timeout-ms": timeout }),
      ...headers,
    };
    const answers = await Promise.all(servers.map((server) => overHttp1(server, `/${parent.typeName}/${method}`, sent, [body])));
    const [direct, long] = answers.map(({ body, headers: { "content-length": _, ...head }, ...answer }) => ({
      ...answer,
      headers: head,
      body: plain(body.toString()),
    }));
    expect(direct).toEqual(long);
    for (const answer of answers) expect(Number(answer.headers["content-length"])).toBe(answer.body.byteLength);
  });
});

test("the direct way is the one that is taken: it names no compression, and compresses no answer", async () => {
  const environments = Array.from({ length: 300 }, (_, index) => ({ name: `many-${index}`, pool: "many", capacity: 1 }));
  const body = Buffer.from(JSON.stringify({ environments }));
  const JSON_TYPE = { "content-type": "application/json", "accept-encoding": "gzip" };
  const GRPC = { "content-type": "application/grpc", "grpc-accept-encoding": "gzip" };
  const many = Buffer.from('{"pool":"many"}');
  const message = toBinary(METHODS.check.input, fromJson(METHODS.check.input, { environment: "free" }));
  const seen = servers.map(async (server) => {
    await overHttp1(server, "/callme.v1.EnvironmentService/ApplyEnvironments", JSON_TYPE, [body]);
    const sent = { ...JSON_TYPE, "content-length": String(many.byteLength) };
    const json = await overHttp1(server, "/callme.v1.LockService/Check", sent, [many]);
    const grpc = await overHttp2(server, "/callme.v1.LockService/Check", GRPC, [envelope(message)]);
    return [json.status, json.headers["content-encoding"], grpc.headers["grpc-encoding"]];
  });
  expect(await Promise.all(seen)).toEqual([
    [200, undefined, undefined],
    [200, "gzip", "gzip"],
  ]);
});

describe("what is unusual", () => {
  const check = METHODS.check;
  const message = toBinary(check.input, fromJson(check.input, { environment: "free" }));
  const whole = envelope(message);
  const PATH = "/callme.v1.LockService/Check";
  const GRPC = { "content-type": "application/grpc" };
  test.each<[string, object, Uint8Array[]]>([
    ["an envelope in pieces", GRPC, [whole.subarray(0, 3), whole.subarray(3, 8), whole.subarray(8)]],
    ["two messages", GRPC, [whole, whole]],
    ["two messages in one piece", GRPC, [Buffer.concat([whole, whole])]],
    ["no message", GRPC, []],
    ["an empty piece", GRPC, [Buffer.alloc(0)]],
    ["half an envelope", GRPC, [whole.subarray(0, 4)]],
    ["a message and half an envelope", GRPC, [whole, whole.subarray(0, 4)]],
    ["no protobuf, and half an envelope", GRPC, [envelope(Buffer.from([0xff, 0xff, 0xff])), whole.subarray(0, 4)]],
    ["two messages, of which the second is no protobuf", GRPC, [whole, envelope(Buffer.from([0xff]))]],
    ["two messages and half an envelope", GRPC, [whole, whole, whole.subarray(0, 4)]],
    ["an envelope that promises more", GRPC, [envelope(Buffer.alloc(100)).subarray(0, 50)]],
    ["a compressed flag without a compression", GRPC, [envelope(message, 1)]],
    ["too much", GRPC, [envelope(Buffer.alloc(70_000))]],
    ["no protobuf", GRPC, [envelope(Buffer.from([0xff, 0xff, 0xff]))]],
    ["a client that waits for a sign before the body", { ...GRPC, expect: "100-continue" }, [whole]],
    ["one that expects something else", { ...GRPC, expect: "something" }, [whole]],
    ["an unknown compression", { ...GRPC, "grpc-encoding": "zstd" }, [whole]],
    ["JSON in gRPC", { "content-type": "application/grpc+json" }, [envelope(Buffer.from('{"environment":"free"}'))]],
    ["gRPC-Web", { "content-type": "application/grpc-web+proto" }, [whole]],
    ["Connect in protobuf", { "content-type": "application/proto" }, [message]],
    ["Connect in JSON", { "content-type": "application/json" }, [Buffer.from('{"environment":"free"}')]],
    ["a content type with parameters", { "content-type": "application/grpc; charset=utf-8" }, [whole]],
  ])("over HTTP/2: %s", async (_, headers, chunks) => {
    const [direct, long] = await Promise.all(servers.map((server) => overHttp2(server, PATH, headers, chunks)));
    expect(direct).toEqual(long);
  });

  const text = Buffer.from('{"environment":"free"}');
  const JSON_TYPE = { "content-type": "application/json" };
  test.each<[string, Record<string, string>, Uint8Array[]]>([
    ["a length in pieces", { ...JSON_TYPE, "content-length": String(text.byteLength) }, [text.subarray(0, 5), text.subarray(5)]],
    ["chunks", JSON_TYPE, [text.subarray(0, 5), text.subarray(5)]],
    ["no body", { ...JSON_TYPE, "content-length": "0" }, []],
    ["no JSON", { ...JSON_TYPE, "content-length": "3" }, [Buffer.from("{,}")]],
    ["no UTF-8", { ...JSON_TYPE, "content-length": "4" }, [Buffer.from([0x22, 0xff, 0xfe, 0x22])]],
    ["an unknown field", { ...JSON_TYPE, "content-length": "19" }, [Buffer.from('{"enviroment":"u"}\n')]],
    ["too much", { ...JSON_TYPE, "content-length": "70000" }, [Buffer.alloc(70_000, " ")]],
    ["a charset", { "content-type": 'application/json; charset="utf-8"', "content-length": String(text.byteLength) }, [text]],
    ["another type", { "content-type": "text/plain", "content-length": String(text.byteLength) }, [text]],
    ["an encoding", { ...JSON_TYPE, "content-encoding": "gzip", "content-length": String(text.byteLength) }, [text]],
  ])("over HTTP/1.1: %s", async (_, headers, chunks) => {
    const [direct, long] = await Promise.all(servers.map((server) => overHttp1(server, PATH, headers, chunks)));
    expect({ ...direct, body: direct?.body.toString() }).toEqual({ ...long, body: long?.body.toString() });
  });
});

// As a page does whose own name was pointed at this machine after it was loaded: to the browser that is its own site.
describe("a server without a key answers under no name but this machine's", () => {
  let open: Server[];
  beforeAll(async () => {
    open = await startBoth({ API_KEY: "" });
  });
  afterAll(() => Promise.all(open.map((server) => server[Symbol.asyncDispose]())));
  const path = "/callme.v1.LockService/Check";

  test.each([
    ["localhost", 200],
    ["evil.example.com", 403],
  ])("gRPC to %s", async (name, status) => {
    const headers = { ":authority": name, "content-type": "application/grpc", te: "trailers" };
    const bytes = envelope(toBinary(METHODS.check.input, create(METHODS.check.input, { environment: "uat" })));
    const [direct, long] = await Promise.all(open.map((server) => overHttp2(server, path, headers, [bytes])));
    expect(direct).toEqual(long);
    expect(direct?.status).toBe(status);
  });

  test.each([
    ["localhost", 200],
    ["evil.example.com", 403],
  ])("JSON to %s", async (name, status) => {
    const body = Buffer.from('{"environment":"uat"}');
    const headers = { host: name, "content-type": "application/json", "content-length": String(body.byteLength) };
    const [direct, long] = await Promise.all(open.map((server) => overHttp1(server, path, headers, [body])));
    expect(direct).toEqual(long);
    expect(direct?.status).toBe(status);
  });
});
