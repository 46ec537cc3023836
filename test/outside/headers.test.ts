// Header fields and request lines may be written in every way that HTTP allows.
import { createConnection } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyOf } from "../../src/rpc/principal.ts";
import { clientsOf } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";
import { envelope, send } from "./wire.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const CHECK = "LockService/Check";
const ACQUIRE = "LockService/Acquire";
const body = Buffer.from('{"environment":"e"}');
test.each([
  'application/json; charset="utf-8"',
  "application/json;charset=UTF-8",
  "Application/JSON ; charset=utf8; profile=x",
  "application/json; charset=us-ascii",
  "application/json;",
])("content-type: %s is JSON", async (type) => {
  expect(await send(server, { method: CHECK, type, body })).toMatchObject({ status: 200 });
});

test.each([
  ["application/proto; proto=callme.v1.CheckRequest", Buffer.from([])],
  ["application/grpc+json; charset=utf-8", envelope(body)],
  ["Application/gRPC-Web+JSON; charset=utf-8", envelope(body)],
])("content-type: %s", async (type, bytes) => {
  const { code, reason } = await send(server, { method: CHECK, type, body: bytes });
  // The empty message reaches the method, which says what is missing.
  expect([code, reason]).toEqual(bytes.length === 0 ? ["invalid_argument", "BAD_FIELD"] : ["", ""]);
});

test.each(["application/json; charset=latin1", 'application/json; charset="utf-16"', "text/json", "json", ""])(
  "content-type: %j is none of ours",
  async (type) => {
    expect((await send(server, { method: CHECK, type, body })).status).toBe(415);
  },
);

test.each(["GZIP", "x-gzip", "gzip"])("content-encoding: %s is gzip", async (encoding) => {
  const headers = { "content-encoding": encoding, "accept-encoding": "gzip;q=0, identity;q=1" };
  expect(await send(server, { method: CHECK, type: "application/json", body: gzipSync(body), headers })).toMatchObject({ status: 200 });
});

test.each([
  ["connect-timeout-ms", "9999999999", "application/json", (json: string) => Buffer.from(json)],
  ["grpc-timeout", "99999999H", "application/grpc+json", envelope],
  ["grpc-timeout", "36000M", "application/grpc-web+json", envelope],
] as const)("%s: %s is a long deadline, and not over at once (%s)", async (header, time, type, pack) => {
  const environment = `long-${type.replaceAll(/\W/g, "-")}`;
  const acquire = (more: object) => {
    const body = pack(JSON.stringify({ environment, ...more }));
    return send(server, { method: ACQUIRE, type, body, headers: { [header]: time } });
  };
  await acquire({});
  let answered = false;
  const waiting = acquire({ wait: "30s" }).then(() => {
    answered = true;
  });
  const { locks } = clientsOf(server);
  const state = async () => (await locks.check({ environment })).environments[0];
  await eventually(async () => (await state())?.queueLength === 1);
  // One more round trip: a deadline that is over by then would have been told.
  await locks.check({ environment });
  expect(answered).toBe(false);
  await locks.release({ environment });
  await waiting;
  expect(await state()).toMatchObject({ used: 1, queueLength: 0 });
});

test.each([
  ["of HTTP/1.0, without a host", "POST /callme.v1.LockService/Check HTTP/1.0"],
  ["with an empty host", "POST /callme.v1.LockService/Check HTTP/1.1\r\nhost:"],
  ["with an absolute address", "POST http://[::1/callme.v1.LockService/Check HTTP/1.1\r\nhost: uat"],
])("a request %s is one", async (_, head) => {
  const socket = createConnection(server.port, "127.0.0.1");
  const lines = [head, `x-api-key: ${server.key}`, "content-type: application/json", `content-length: ${body.length}`, "connection: close"];
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK/);
});

test.each(["bearer", "Bearer", "BEARER", "Bearer   "])("authorization: %s KEY", async (scheme) => {
  const headers = { authorization: `${scheme} ${server.key}` };
  expect((await fetch(`${server.url}/maybe?environment=e`, { headers })).status).toBe(200);
});

test.each(["Bearerx", "Bearer", "Bearer ", "Basic x", "Bearer x y"])("authorization: %s is no key", async (authorization) => {
  expect((await fetch(`${server.url}/maybe?environment=e`, { headers: { authorization } })).status).toBe(401);
});

test("a key is found among any number of spaces at once", () => {
  const spaces = " ".repeat(300_000);
  const value = `${spaces}Bearer${spaces}a${spaces}key${spaces}`;
  expect(keyOf((name) => (name === "authorization" ? value : undefined))).toBe(`a${spaces}key`);
});
