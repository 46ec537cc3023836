// Requests that are no messages: the same invalid_argument over every protocol, and never `internal`.
import { gzipSync } from "node:zlib";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { detailsOf } from "./grpc.ts";
import { Server } from "./server.ts";
import { envelope, get, send, type Wire } from "./wire.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const CHECK = "LockService/Check";
const ACQUIRE = "LockService/Acquire";
const APPLY = "EnvironmentService/ApplyEnvironments";
const WATCH = "LockService/WatchEnvironment";
const MALFORMED = { code: "invalid_argument", reason: "MALFORMED" };

/** JSON that is no such message: method, what is sent, the field's path, and what the message says besides the path. */
const JSON_INPUT: readonly (readonly [method: string, json: string, field: string, words: string])[] = [
  [ACQUIRE, '{"environment":"e","ttl":3600}', "ttl", '3600 is no duration in seconds; write "ttl":"3600s"'],
  [ACQUIRE, '{"environment":"e","ttl":"1h"}', "ttl", '"1h" is no duration in seconds; write "ttl":"3600s"'],
  [ACQUIRE, '{"environment":"e","max_hold":"1h30m"}', "max_hold", 'write "max_hold":"5400s"'],
  [
    ACQUIRE,
    '{"environment":"e","queueTimeout":{"seconds":3}}',
    "queue_timeout",
    'an object is no duration in seconds; write it like "queueTimeout":"60s"',
  ],
  [ACQUIRE, '{"ttl":"1e3s"}', "ttl", '"1e3s" is no duration in seconds; write "ttl":"1000s"'],
  [ACQUIRE, '{"ttl":"90.5 minutes"}', "ttl", 'write "ttl":"5430s"'],
  [ACQUIRE, '{"ttl":"1.7sec"}', "ttl", 'write "ttl":"1.7s"'],
  [ACQUIRE, '{"wait":0}', "wait", 'write "wait":"0s"'],
  [ACQUIRE, '{"ttl":"3 months"}', "ttl", 'write it like "ttl":"60s"'],
  [ACQUIRE, '{"ttl":"1h30"}', "ttl", 'write it like "ttl":"60s"'],
  [ACQUIRE, `{"ttl":"${"1".repeat(5_000)}x"}`, "ttl", 'write it like "ttl":"60s"'],
  [ACQUIRE, '{"ttl":-5}', "ttl", 'write it like "ttl":"60s"'],
  [ACQUIRE, '{"environment":"e","ifBusy":"fail"}', "if_busy", 'none of IF_BUSY_QUEUE, IF_BUSY_FAIL; write "ifBusy":"IF_BUSY_FAIL"'],
  [ACQUIRE, '{"ifBusy":"IF_BUSY_FAI"}', "if_busy", '"IF_BUSY_FAI" is none of IF_BUSY_QUEUE, IF_BUSY_FAIL; write "ifBusy":"IF_BUSY_FAIL"'],
  [ACQUIRE, '{"ifBusy":"if-busy-queu"}', "if_busy", 'write "ifBusy":"IF_BUSY_QUEUE"'],
  [ACQUIRE, '{"ifBusy":"faill"}', "if_busy", 'write "ifBusy":"IF_BUSY_FAIL"'],
  [ACQUIRE, '{"environment":"e","holder":{"kind":"human"}}', "holder.kind", 'write "kind":"HOLDER_KIND_HUMAN"'],
  [ACQUIRE, '{"environment":5}', "environment", '5 is no text; write "environment":"5"'],
  [ACQUIRE, '{"environment":["e"]}', "environment", "a list is no text"],
  [ACQUIRE, '{"environment":"\\ud800"}', "environment", "half of a surrogate pair"],
  [ACQUIRE, '{"needs":{"environment":"e"}}', "needs", 'an object is no list; write "needs":[…]'],
  [ACQUIRE, '{"needs":[{"environment":"e"},{"environment":"f","slots":"two"}]}', "needs[1].slots", '"two" is no whole number'],
  [ACQUIRE, '{"needs":[{"environment":"e"},null]}', "needs[1]", "null is no Need; write an object"],
  [ACQUIRE, '{"tags":["a",5]}', "tags[1]", '5 is no text; write "5"'],
  [ACQUIRE, '{"tags":[null]}', "tags[0]", "null is no text"],
  [ACQUIRE, '{"holder":"me"}', "holder", '"me" is no Holder; write an object'],
  [ACQUIRE, '{"holder":{"nam":"me"}}', "holder.nam", '"nam" is unknown; did you mean "name"?'],
  [ACQUIRE, '{"environment":"e","autoRenew":true}', "autoRenew", '"autoRenew" is unknown; AcquireRequest has environment, needs,'],
  [ACQUIRE, '{"requestId":"a","request_id":"b"}', "request_id", "is given twice"],
  [ACQUIRE, '{"priority":"high"}', "priority", '"high" is no whole number that fits here; write it like "priority":1'],
  [APPLY, '{"environments":[{"name":"e"},{"name":"f","labels":{"k":5}}]}', 'environments[1].labels["k"]', "5 is no text"],
  [APPLY, '{"environments":[{"name":"e","labels":[]}]}', "environments[0].labels", "a list is no object"],
  [APPLY, '{"dryRun":"yes"}', "dry_run", '"yes" is neither true nor false; write "dryRun":true'],
  [APPLY, '{"dryRun":"no"}', "dry_run", 'write "dryRun":false'],
  [
    "EnvironmentService/SetEnvironmentState",
    '{"until":"tomorrow"}',
    "until",
    '"tomorrow" is no time as of RFC 3339; write it like "until":"2027',
  ],
  ["EnvironmentService/ListLeases", '{"filter":{"states":["held"]}}', "filter.states[0]", 'write "LEASE_STATE_HELD"'],
  ["LockService/CheckFence", '{"fencingToken":"x"}', "fencing_token", "is no whole number of 64 bits"],
];

/** How JSON comes. */
const JSON_WIRES: Record<string, (method: string, json: string) => Wire> = {
  Connect: (method, json) => ({ method, type: "application/json", body: Buffer.from(json) }),
  gRPC: (method, json) => ({ method, type: "application/grpc+json", body: envelope(json) }),
  "gRPC-Web": (method, json) => ({ method, type: "application/grpc-web+json", body: envelope(json) }),
};

describe.each(Object.entries(JSON_WIRES))("JSON over %s", (_, wire) => {
  test.each(JSON_INPUT)("%s %s: the path, the value and an example", async (method, json, field, words) => {
    const verdict = await send(server, wire(method, json));
    expect(verdict).toMatchObject({ ...MALFORMED, fields: [field], message: expect.stringContaining(words) });
    expect(verdict.message.startsWith(`${field}: `)).toBe(true);
  });

  test.each([
    ["nothing", ""],
    ["half an object", "{"],
    ["a form", "environment=e"],
    ["null", "null"],
    ["a list", "[]"],
    ["a text", '"e"'],
    ["an abyss", "[".repeat(30_000)],
    ["a field that is given twice", '{"environment":"e","environment":"f"}'],
  ])("%s is no message", async (_, json) => {
    expect(await send(server, wire(ACQUIRE, json))).toMatchObject({ ...MALFORMED, fields: [] });
  });
});

test.each([
  ['{"ifBusy":"IF_BUSY_NOW"}', 'if_busy: "IF_BUSY_NOW" is none of IF_BUSY_QUEUE, IF_BUSY_FAIL'],
  ['{"ifBusy":true}', "if_busy: true is none of IF_BUSY_QUEUE, IF_BUSY_FAIL"],
  ['{"ifBusy":""}', 'if_busy: "" is none of IF_BUSY_QUEUE, IF_BUSY_FAIL'],
])("%s is near to nothing, so that all values are named and none is proposed", async (json, message) => {
  expect((await send(server, { method: ACQUIRE, type: "application/json", body: Buffer.from(json) })).message).toBe(message);
});

test("a text that looks like a duration is one only where a duration belongs", async () => {
  const body = Buffer.from('{"environment":"3staging","reason":"5s later","ttl":"1.5s","tags":["1s500ms"]}');
  expect(await send(server, { method: ACQUIRE, type: "application/json", body })).toMatchObject({ status: 200 });
});

test("a stream, and a Connect GET, name the field too", async () => {
  const body = envelope('{"environment":5}');
  for (const type of ["application/connect+json", "application/grpc+json", "application/grpc-web+json"])
    expect(await send(server, { method: WATCH, type, body }), type).toMatchObject({ ...MALFORMED, fields: ["environment"] });
  expect(await get(server, CHECK, `encoding=json&message=${encodeURIComponent('{"environment":5}')}`)).toMatchObject({
    ...MALFORMED,
    fields: ["environment"],
  });
});

describe("bytes that are no message", () => {
  const torn = Buffer.from([0x0a, 0x7f]);
  const noText = Buffer.from([0x0a, 0x02, 0xff, 0xfe]);
  const cut = gzipSync('{"environment":"e"}').subarray(0, 20);
  const grpcGzip = { "grpc-encoding": "gzip" };

  test.each<[string, Wire]>([
    ["a field that is cut short", { method: CHECK, type: "application/proto", body: torn }],
    ["a text that is no UTF-8", { method: CHECK, type: "application/proto", body: noText }],
    ["JSON that is no UTF-8", { method: CHECK, type: "application/json", body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
    ["a gzip that is cut short", { method: CHECK, type: "application/json", body: cut, headers: { "content-encoding": "gzip" } }],
    ["no gzip at all", { method: CHECK, type: "application/json", body: Buffer.from("{}"), headers: { "content-encoding": "gzip" } }],
    ["no brotli at all", { method: CHECK, type: "application/json", body: Buffer.from("{}"), headers: { "content-encoding": "br" } }],
    [
      "a deadline that is none",
      { method: CHECK, type: "application/json", body: Buffer.from("{}"), headers: { "connect-timeout-ms": "1s" } },
    ],
    ...["application/grpc", "application/grpc-web", "application/grpc-web+proto"].flatMap((type): [string, Wire][] => [
      [`${type}: a field that is cut short`, { method: CHECK, type, body: envelope(torn) }],
      [`${type}: a text that is no UTF-8`, { method: CHECK, type, body: envelope(noText) }],
      [`${type}: a gzip that is cut short`, { method: CHECK, type, body: envelope(cut, 1), headers: grpcGzip }],
      [`${type}: compressed, nobody knows how`, { method: CHECK, type, body: envelope(cut, 1) }],
      [`${type}: an envelope that is cut short`, { method: CHECK, type, body: envelope("environment").subarray(0, 9) }],
      [`${type}: half an envelope's head`, { method: CHECK, type, body: Buffer.from([0, 0, 0]) }],
      [`${type}: nothing`, { method: CHECK, type, body: Buffer.alloc(0) }],
      [`${type}: two messages`, { method: CHECK, type, body: Buffer.concat([envelope(""), envelope("")]) }],
      [`${type}: a deadline that is none`, { method: CHECK, type, body: envelope(""), headers: { "grpc-timeout": "soon" } }],
      [`${type}: a stream's`, { method: WATCH, type, body: envelope(torn) }],
    ]),
    ...["application/connect+proto", "application/connect+json"].flatMap((type): [string, Wire][] => [
      [`${type}: no message`, { method: WATCH, type, body: envelope(torn) }],
      [
        `${type}: a gzip that is cut short`,
        { method: WATCH, type, body: envelope(cut, 1), headers: { "connect-content-encoding": "gzip" } },
      ],
      [`${type}: an envelope that is cut short`, { method: WATCH, type, body: envelope("environment").subarray(0, 9) }],
      [`${type}: nothing`, { method: WATCH, type, body: Buffer.alloc(0) }],
    ]),
  ])("%s", async (_, wire) => {
    expect(await send(server, wire)).toMatchObject(MALFORMED);
  });

  test.each([
    ["no base64", "encoding=proto&base64=1&message=!!!"],
    ["a field that is cut short", `encoding=proto&base64=1&message=${torn.toString("base64url")}`],
    ["a gzip that is cut short", `encoding=json&base64=1&compression=gzip&message=${cut.toString("base64url")}`],
    ["no JSON", "encoding=json&message=%zz"],
    ["nothing", "encoding=json"],
  ])("a Connect GET: %s", async (_, query) => {
    expect(await get(server, CHECK, query)).toMatchObject({ status: 400, ...MALFORMED });
  });

  test.each(["encoding=xml&message=%7B%7D", "message=%7B%7D", ""])(
    "a Connect GET of no known encoding is told what to give: %j",
    async (query) => {
      expect(await get(server, CHECK, query)).toMatchObject({ status: 415, message: expect.stringContaining("encoding=json") });
    },
  );

  test("stock gRPC: the status and its details", async () => {
    const client = new Client(new URL(server.url).host, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("x-api-key", server.key);
    const same = (bytes: Buffer) => bytes;
    const error = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest("/callme.v1.LockService/Check", same, same, torn, metadata, (failure) => resolve(failure)),
    );
    client.close();
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error && detailsOf(error)).toMatchObject({ ErrorInfo: { domain: "call-me", reason: "MALFORMED" } });
  });

  test.each(["application/json", "application/grpc", "application/grpc-web", "application/connect+proto"])(
    "too many of them, and an unknown compression, over %s",
    async (type) => {
      const enveloped = type !== "application/json";
      const method = type.includes("connect") ? WATCH : CHECK;
      const large = Buffer.from(JSON.stringify({ environment: "e".repeat(70_000) }));
      expect(await send(server, { method, type, body: enveloped ? envelope(large) : large })).toMatchObject({
        code: "resource_exhausted",
        reason: "TOO_LARGE",
      });
      const encoding = {
        [enveloped ? (type.includes("grpc") ? "grpc-encoding" : "connect-content-encoding") : "content-encoding"]: "zstd",
      };
      expect(await send(server, { method, type, body: enveloped ? envelope("{}") : Buffer.from("{}"), headers: encoding })).toMatchObject({
        code: "unimplemented",
        reason: "UNKNOWN_ENCODING",
        message: expect.stringContaining("gzip"),
      });
    },
  );
});

test("nothing of this was an unforeseen error", () => {
  expect(server.complaints).toEqual([]);
});
