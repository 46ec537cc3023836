// The direct way and the long way (CALL_ME_DIRECT=off) answer alike, whatever is sent: always the same few hundred requests by chance.
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Answer, overHttp1, overHttp2, plain, startBoth } from "./both-ways.ts";
import { clientsOf } from "./clients.ts";
import { KEY, type Server } from "./server.ts";
import { envelope } from "./wire.ts";

let servers: Server[];
beforeAll(async () => {
  servers = await startBoth();
  const environments = [{ name: "labelled", labels: { tier: "uat" }, capacity: 5 }];
  for (const server of servers) await clientsOf(server).environments.applyEnvironments({ environments });
});
afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

const NAMES = ["check", "acquire", "release", "renew", "getLease", "checkFence"] as const;
type Name = (typeof NAMES)[number];

const environment = fc.constantFrom("fuzz-0", "fuzz-1", "fuzz-2", "", "a b", "ü\u202e", "x".repeat(600));
const requestId = fc.constantFrom("r0", "r1", "r2", "\u0000");
const leaseId = fc.constantFrom("", "nope", "00000000-0000-4000-8000-000000000000");
const duration = fc.constantFrom("0s", "0.5s", "90.000000001s", "3600s", "-1s", "315576000000s");
const time = fc.constantFrom("1970-01-01T00:00:00Z", "2020-06-01T12:00:00.5+02:00", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
const slots = fc.constantFrom(0, 1, 5);
const selector = fc.constantFrom("", "tier=uat", "!tier", "tier in (uat", '"\u202e"', "ü=\u2603");
const MESSAGES: Record<Name, fc.Arbitrary<object>> = {
  check: fc.record({ environment, pool: fc.constantFrom("nowhere", "default"), selector }, { requiredKeys: [] }),
  acquire: fc.record(
    {
      environment,
      requestId,
      needs: fc.array(fc.oneof(fc.record({ environment, slots }), fc.record({ selector, count: fc.constantFrom(0, 1, 40), slots })), {
        maxLength: 2,
      }),
      holder: fc.record({ name: fc.constantFrom("ci", "'\"\\"), runUrl: fc.constantFrom("https://ci/1", "javascript:1") }),
      ttl: duration,
      ifBusy: fc.constantFrom("IF_BUSY_FAIL", "IF_BUSY_QUEUE"),
      notBefore: time,
      notAfter: time,
      autoClaim: fc.boolean(),
      priority: fc.constantFrom(-10, 0, 11, 2 ** 31 - 1),
    },
    { requiredKeys: ["environment"] },
  ),
  release: fc.record({ environment, requestId, leaseId }, { requiredKeys: [] }),
  renew: fc.record({ leaseId, ttl: duration, notAfter: time }, { requiredKeys: [] }),
  getLease: fc.record({ leaseId }, { requiredKeys: [] }),
  checkFence: fc.record({ environment, fencingToken: fc.constantFrom("0", "5", "18446744073709551615") }, { requiredKeys: [] }),
};

/** Damages bytes, in half of the cases not at all. */
const damage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.constant((bytes: Buffer) => bytes) },
  fc.double({ min: 0, max: 1, noNaN: true }).map((part) => (bytes: Buffer) => bytes.subarray(0, Math.floor(part * bytes.length))),
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
  fc.tuple(fc.nat(), fc.nat(255)).map(
    ([at, value]) =>
      (bytes: Buffer) =>
        Buffer.from(bytes.map((byte, index) => (index === at % bytes.length ? value : byte))),
  ),
  // A field that is in no message, and one whose text is no UTF-8.
  fc.constant((bytes: Buffer) => Buffer.concat([bytes, Buffer.from("fa7f024142", "hex")])),
  fc.constant((bytes: Buffer) => Buffer.concat([bytes, Buffer.from("0a02fffe", "hex")])),
);

/** Cuts bytes into pieces that are sent one by one. */
const cut = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }).map((parts) => (bytes: Buffer) => {
  const ends = [0, ...parts.map((part) => Math.floor(part * bytes.length)), bytes.length].sort((a, b) => a - b);
  return ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
});

const fields = (options: Record<string, fc.Arbitrary<string>>) => fc.record(options, { requiredKeys: [] });
const common = {
  authorization: fc.constantFrom(`Bearer ${KEY}`, "Basic abc"),
  "x-api-key": fc.constantFrom("", "nope", `${KEY}, ${KEY}`),
  origin: fc.constantFrom("https://evil.example.com", "null"),
  "sec-fetch-site": fc.constantFrom("none", "same-origin", "cross-site"),
  "accept-encoding": fc.constantFrom("gzip", "zstd", ""),
  "x-thing-bin": fc.constantFrom("AAEC", "!!!"),
};
const few = <T>(arbitrary: fc.Arbitrary<T>, otherwise: T) => fc.oneof({ weight: 3, arbitrary: fc.constant(otherwise) }, arbitrary);

const FIXED = { seed: 20_261_129, numRuns: 300 };

/** What both say; `form`: an answer in a form in which it can be compared. */
async function alike(send: (server: Server) => Promise<Answer>, form: (answer: Answer) => unknown): Promise<void> {
  const [direct, long] = await Promise.all(servers.map(async (server) => form(await send(server))));
  expect(direct).toEqual(long);
}

test("gRPC over HTTP/2", async () => {
  const call = fc.constantFrom(...NAMES).chain((name) =>
    fc.record({
      name: fc.constant(name),
      message: MESSAGES[name],
      damage,
      cut,
      flag: few(fc.constantFrom(1, 2, 128), 0),
      extra: few(fc.constantFrom(Buffer.alloc(5), Buffer.from("x"), envelope(Buffer.from([0xff]))), Buffer.alloc(0)),
      headers: few(
        fields({
          ...common,
          "content-type": fc.constantFrom("application/grpc+proto", "application/grpc+json", "Application/gRPC", "application/grpc;x=y"),
          "grpc-timeout": fc.constantFrom("5S", "1H", "99999999H", "5s", "-1S", "", "999999999S"),
          "grpc-encoding": fc.constantFrom("identity", "gzip", "zstd", ""),
        }),
        {},
      ),
    }),
  );
  const property = fc.asyncProperty(call, async ({ name, message, damage, cut, flag, extra, headers }) => {
    const { input, output, parent, name: method } = LockService.method[name];
    const bytes = damage(Buffer.from(toBinary(input, fromJson(input, message as never))));
    const chunks = cut(Buffer.concat([envelope(bytes, flag), extra]));
    const sent = { "content-type": "application/grpc", te: "trailers", ...headers };
    await alike(
      (server) => overHttp2(server, `/${parent.typeName}/${method}`, sent, chunks),
      ({ body, headers: { "grpc-encoding": _, ...head }, ...answer }) => {
        const isMessage = answer.trailers["grpc-status"] === "0" && head["content-type"] === "application/grpc+proto";
        const told = isMessage ? JSON.stringify(toJson(output, fromBinary(output, body.subarray(5)))) : body.toString();
        return { ...answer, head, trailers: plain(JSON.stringify(answer.trailers)), body: plain(told) };
      },
    );
  });
  await fc.assert(property, FIXED);
});

test("JSON over HTTP/1.1", async () => {
  const odd = fc.constantFrom(
    "",
    "null",
    "[]",
    "{",
    '{"a":"\\ud800"}',
    '{"environment":"a","environment":"b"}',
    '{"__proto__":1}',
    "\ufeff{}",
  );
  const call = fc.constantFrom(...NAMES).chain((name) =>
    fc.record({
      name: fc.constant(name),
      text: fc.oneof({ weight: 4, arbitrary: MESSAGES[name].map((message) => JSON.stringify(message)) }, odd),
      damage,
      cut,
      told: few(fc.constant(false), true),
      headers: few(
        fields({
          ...common,
          "content-type": fc.constantFrom("application/json; charset=utf-8", "Application/JSON", "text/plain", "application/proto"),
          "connect-timeout-ms": fc.constantFrom("5000", "9999999999", "10000000000", "abc", "-1", ""),
          "connect-protocol-version": fc.constantFrom("1", "2"),
          "content-encoding": fc.constantFrom("identity", "gzip", ""),
        }),
        {},
      ),
    }),
  );
  const property = fc.asyncProperty(call, async ({ name, text, damage, cut, told, headers }) => {
    const { parent, name: method } = LockService.method[name];
    const bytes = damage(Buffer.from(text));
    const sent = { "content-type": "application/json", ...(told && { "content-length": String(bytes.length) }), ...headers };
    await alike(
      (server) => overHttp1(server, `/${parent.typeName}/${method}`, sent, cut(bytes)),
      ({ body, headers: { "content-length": _, ...head }, ...answer }) => ({ ...answer, head, body: plain(body.toString()) }),
    );
  });
  await fc.assert(property, FIXED);
});

test("and nothing of this was an unforeseen error", () => {
  expect(servers.map((server) => server.complaints)).toEqual([[], []]);
});
