// Whatever bytes are sent, the server says what is wrong with them, and goes on.
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { CheckRequestSchema, LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { Server } from "./server.ts";
import { envelope, send, type Wire } from "./wire.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Values by the million that no message has, beside some that one has. */
const names = [...LockService.methods, ...EnvironmentService.methods, ...InsightService.methods].flatMap(({ input }) =>
  input.fields.flatMap(({ name, jsonName }) => [name, jsonName]),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      1e99,
      "e",
      "5s",
      "1h",
      "IF_BUSY_FAIL",
      "tier in (a,b),!gpu",
      "2027-01-31T12:00:00Z",
      "\ud800",
      "\u202e",
      "__proto__",
    ),
    fc.double(),
    fc.string({ unit: "binary" }),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names, "__proto__", "constructor"), fc.string()), tie("any"), { maxKeys: 3 }),
  ),
})).any;
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  value.map((any) => Buffer.from(JSON.stringify(any))),
  fc.string().map((environment) => toBinary(CheckRequestSchema, create(CheckRequestSchema, { environment }))),
);
const body = fc.oneof(
  bytes,
  bytes.map((data) => gzipSync(data)),
  fc.tuple(bytes, fc.constantFrom(0, 1, 2, 0x80, 0xff)).map(([data, flags]) => envelope(data, flags)),
  fc.tuple(bytes, fc.nat(8)).map(([data, end]) => envelope(gzipSync(data), 1).subarray(0, end + 5)),
);
const word = fc.oneof(fc.constantFrom("gzip", "br", "identity", "GZIP;q=1", "1S", "0m", "10", ""), fc.string({ unit: "grapheme-ascii" }));
const wires: fc.Arbitrary<Wire> = fc.record({
  method: fc.constantFrom(
    ...[LockService, EnvironmentService, InsightService].flatMap(({ name, methods }) => methods.map((method) => `${name}/${method.name}`)),
  ),
  type: fc.oneof(
    fc
      .constantFrom("json", "proto", "grpc", "grpc+json", "grpc-web", "grpc-web+json", "connect+json", "connect+proto")
      .map((it) => `application/${it}`),
    word.map((it) => it.trim()),
  ),
  body,
  headers: fc.dictionary(
    fc.constantFrom(
      "content-encoding",
      "grpc-encoding",
      "connect-content-encoding",
      "accept-encoding",
      "grpc-timeout",
      "connect-timeout-ms",
    ),
    word.map((it) => it.trim()),
    { maxKeys: 2 },
  ),
});

test("no bytes make it fail: whatever is sent, no answer is `internal` or `unknown`", async () => {
  const property = fc.asyncProperty(wires, async (wire) => {
    const { code, status, reason, message } = await send(server, wire);
    expect(["internal", "unknown", "data_loss"], `${code} ${message}`).not.toContain(code);
    expect(status === 501 || status === 504 || status < 500, `${status} ${message}`).toBe(true);
    if (code === "invalid_argument") expect(reason, message).not.toBe("");
  });
  await fc.assert(property, { numRuns: 400 });
});

test("and nothing of this was an unforeseen error", async () => {
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(server.complaints).toEqual([]);
});
