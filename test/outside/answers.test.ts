// What every answer of the port has, whoever writes it.
import { once } from "node:events";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientsOf, refusal } from "./clients.ts";
import { curl } from "./curl.ts";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start({ CALL_ME_CORS_ORIGINS: "https://ci.example.com" });
});
afterAll(() => server[Symbol.asyncDispose]());

const KEY = "x-api-key: the-key-of-the-tests";
const JSON_BODY = ["-H", "content-type: application/json", "-d", "{}"];
const enveloped = (type: string) => ["-H", KEY, "-H", `content-type: ${type}`, "--data-binary", "@-"];

test.each([
  ["a method", "/callme.v1.LockService/Check", ["-H", KEY, ...JSON_BODY]],
  ["a Connect GET", "/callme.v1.LockService/Check?encoding=json&message=%7B%7D", ["-H", KEY]],
  ["a refusal", "/callme.v1.LockService/Check", JSON_BODY],
  ["a wrong content type", "/callme.v1.LockService/Check", ["-d", "x"]],
  ["a wrong HTTP method", "/callme.v1.LockService/Check", ["-X", "PUT"]],
  ["an unknown method", "/callme.v1.LockService/Nope", JSON_BODY],
  ["a Connect stream that is refused", "/callme.v1.LockService/WatchLease", enveloped("application/connect+json")],
  ["gRPC-Web", "/callme.v1.LockService/Check", enveloped("application/grpc-web+proto")],
  ["an unknown gRPC method", "/callme.v1.LockService/Nope", enveloped("application/grpc")],
  ["/maybe", "/maybe?environment=uat", ["-H", KEY]],
  ["/maybe without a key", "/maybe?environment=uat", []],
  ["/watch without a key", "/watch?environment=uat", []],
  ["health", "/healthz", []],
  ["readiness", "/readyz", []],
  ["the description", "/openapi.json", []],
  ["a path that is not there", "/nowhere", []],
  ["a preflight", "/maybe", ["-X", "OPTIONS", "-H", "origin: https://ci.example.com", "-H", "access-control-request-method: GET"]],
  ["an expectation that cannot be met", "/maybe", ["-X", "POST", "-H", "expect: something"]],
  ["a page of another site", "/maybe?environment=uat", ["-X", "POST", "-H", "origin: https://evil.example.com"]],
])("%s is answered with `nosniff`", async (_, path, args) => {
  for (const version of ["--http1.1", "--http2-prior-knowledge"]) {
    const { headers } = await curl([version, ...args, `${server.url}${path}`]);
    expect(headers["x-content-type-options"], version).toBe("nosniff");
  }
});

test("a stream too", async () => {
  const watch = await fetch(`${server.url}/watch?environment=uat`, { headers: { "x-api-key": server.key } });
  expect(watch.headers.get("x-content-type-options")).toBe("nosniff");
  await watch.body?.cancel();
});

test.each([
  [401, "/callme.v1.LockService/Check", {}],
  [404, "/callme.v1.LockService/Nope", {}],
  [404, "/nowhere", {}],
  [401, "/maybe?environment=uat", {}],
  [415, "/callme.v1.LockService/Check", { "content-type": "text/plain" }],
  [429, "/callme.v1.LockService/Check", { "x-api-key": "the-key-of-the-tests", "content-length": "70000" }],
])(
  "an answer of %i to %s that comes before the body leaves the stream whole: curl shows no answer of one that is reset",
  async (status, path, more) => {
    const session = connect(server.url);
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/json", ...more });
    const [head] = await once(stream, "response");
    expect(head[":status"]).toBe(status);
    expect(await text(stream)).not.toBe("");
    // Whatever the server would send by itself is here before this.
    await new Promise((resolve) => session.ping(resolve));
    await new Promise((resolve) => session.ping(resolve));
    expect(stream.closed).toBe(false);
    stream.end("{}");
    await once(stream, "close");
    expect(stream.rstCode).toBe(0);
    session.destroy();
  },
);

test.each(["Connect, JSON, HTTP/1.1", "Connect, binary, HTTP/1.1", "gRPC-Web, HTTP/1.1"] as const)(
  "over %s a request that is refused before all of it was sent takes nothing of the next one",
  async (transport) => {
    const { locks, environments } = clientsOf(server, transport);
    const large = Array.from({ length: 10_000 }, (_, index) => ({ name: `a${index}`, description: "x".repeat(500) }));
    expect(await refusal(environments.applyEnvironments({ environments: large }))).toBe("resource_exhausted TOO_LARGE");
    expect(await locks.check({ environment: "uat" })).toMatchObject({ available: true });
  },
);
