// Spans of calls, for whoever has registered an SDK of OpenTelemetry.
import { cpSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { scrape } from "../metrics/scrape.ts";
import { BIN } from "../packed.ts";
import { directory } from "../store/places.ts";
import { clientsOf, TRANSPORTS, type TransportName } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { type LogLine, Server } from "./server.ts";

const SDK = `--import=${pathToFileURL(path.join(import.meta.dirname, "sdk.ts")).href}`;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=value" };

/** As an SDK does it that brings an API of an early version. */
const REGISTERED = 'globalThis[Symbol.for("opentelemetry.js.api.1")]={version:"1.0.0",trace:{}}';

/** The spans of a trace, once there are so many. */
function spans(server: Server, count: number, trace = TRACE): Promise<readonly LogLine[]> {
  return eventually(() => {
    const found = server.log.filter((line) => line.msg === "span" && line["trace"] === trace);
    return found.length >= count && found;
  });
}

test.each(Object.keys(TRANSPORTS) as TransportName[])("a call is a span of its caller's trace, by %s", async (over) => {
  await using server = await Server.start({ NODE_OPTIONS: SDK });
  const { locks } = clientsOf(server, over);
  await locks.acquire({ environment: "uat", requestId: "job-1" }, { headers });
  await expect(locks.getLease({ leaseId: "none" }, { headers })).rejects.toThrow("none");
  const [acquire, look] = await spans(server, 2);
  expect(acquire).toMatchObject({
    ...{ name: "callme.v1.LockService/Acquire", kind: 1, parent: PARENT, state: "vendor=value", status: { code: 0 } },
    attributes: {
      ...{ "rpc.system.name": /gRPC/.test(over) ? "grpc" : "connectrpc", "client.address": "127.0.0.1" },
      ...{ "rpc.method": "callme.v1.LockService/Acquire", "rpc.response.status_code": "OK" },
      ...{ "callme.principal": "admin", "callme.request_id": "job-1" },
    },
  });
  // Its caller's fault, by the conventions, and no error of the server.
  expect(look).toMatchObject({ parent: PARENT, status: { code: 0 }, attributes: { "rpc.response.status_code": "NOT_FOUND" } });
  expect(look?.["attributes"]).not.toHaveProperty("error.type");
});

test("a stream, /maybe and what is not let in are spans as well, and a call without a trace begins its own", async () => {
  await using server = await Server.start({ NODE_OPTIONS: SDK });
  const abort = new AbortController();
  const watch = clientsOf(server).locks.watchEnvironment({ environment: "uat" }, { headers, signal: abort.signal })[Symbol.asyncIterator]();
  await watch.next();
  abort.abort();
  await fetch(`${server.url}/maybe?environment=uat`, { headers: { ...headers, "x-api-key": server.key } });
  await fetch(`${server.url}/maybe?environment=uat`, { headers: { ...headers, "x-api-key": "wrong" } });
  const found = await spans(server, 3);
  expect(found.map(({ name }) => name).toSorted()).toEqual(["GET /maybe", "GET /maybe", "callme.v1.LockService/WatchEnvironment"]);
  expect(found.find(({ name }) => name === "GET /maybe")?.["attributes"]).toEqual({
    ...{ "http.request.method": "GET", "http.route": "/maybe", "http.response.status_code": 200 },
    ...{ "callme.principal": "admin", "client.address": "127.0.0.1" },
  });
  await clientsOf(server).locks.check({ environment: "uat" });
  const own = await eventually(() => server.log.find(({ name }) => name === "callme.v1.LockService/Check"));
  expect(own["trace"]).toMatch(/^[\da-f]{32}$/);
  expect(own["parent"]).toBeUndefined();
});

test("a method that there is none of is a span, which does not tell what was called: it may be a key", async () => {
  await using server = await Server.start({ NODE_OPTIONS: SDK });
  await fetch(`${server.url}/callme.v1.LockService/Lock`, { method: "POST", headers });
  const [span] = await spans(server, 1);
  expect(span).toMatchObject({
    ...{ name: "_OTHER", parent: PARENT, status: { code: 2 } },
    attributes: { "error.type": "UNIMPLEMENTED" },
  });
  expect(JSON.stringify(span)).not.toContain("LockService/Lock");
});

test("a call is the child of the span that the SDK makes of its request, where it does", async () => {
  await using server = await Server.start({ NODE_OPTIONS: SDK, TEST_SDK_SPANS: "requests" });
  const call = (more: object) =>
    fetch(`${server.url}/callme.v1.LockService/Check`, {
      ...{ method: "POST", body: '{"environment":"uat"}' },
      headers: { "x-api-key": server.key, "content-type": "application/json", ...more },
    });
  await call(headers);
  const found = await spans(server, 2);
  const [request, check] = ["a request", "callme.v1.LockService/Check"].map((wanted) => found.find(({ name }) => name === wanted));
  expect(request).toMatchObject({ parent: PARENT });
  expect(check).toMatchObject({ parent: request?.["span"], state: "vendor=value" });
  await call({});
  const own = await eventually(() => {
    const others = server.log.filter(({ msg, trace }) => msg === "span" && trace !== TRACE);
    return others.length >= 2 && others;
  });
  expect(new Set(own.map(({ trace }) => trace)).size).toBe(1);
});

test("a call whose traceparent is none is served, and begins a trace of its own", async () => {
  await using server = await Server.start({ NODE_OPTIONS: SDK });
  for (const traceparent of ["rubbish", `00-${"0".repeat(32)}-${PARENT}-01`, "x".repeat(4_000)])
    await clientsOf(server).locks.check({ environment: "uat" }, { headers: { traceparent } });
  const found = await eventually(() => {
    const all = server.log.filter(({ msg }) => msg === "span");
    return all.length >= 3 && all;
  });
  expect(found.every(({ parent }) => parent === undefined)).toBe(true);
});

test.each([
  ["serves", ""],
  [
    "serves, and says why there are no spans, also where an SDK is registered",
    `--import=data:text/javascript,${encodeURIComponent(REGISTERED)}`,
  ],
])("the package with nothing but its driver beside it %s", async (_, options) => {
  const folder = directory();
  cpSync(path.dirname(path.dirname(BIN)), folder, { recursive: true });
  const driver = path.join(folder, "node_modules/better-sqlite3");
  cpSync(path.resolve("node_modules/better-sqlite3"), driver, { recursive: true });
  await using server = await Server.start({ NODE_OPTIONS: options }, path.join(folder, "cli/bin.js"));
  await clientsOf(server).locks.acquire({ environment: "uat" });
  expect((await scrape(server)).value("callme_ready")).toBe(1);
  const told = server.complaints.map(({ msg }) => msg);
  if (options === "") expect(told).toEqual([]);
  else expect(told).toEqual([expect.stringContaining("install @opentelemetry/api beside call-me")]);
});

test("an SDK of an older API than ours makes no spans, and the log says why", async () => {
  await using server = await Server.start({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(REGISTERED)}` });
  await clientsOf(server).locks.check({ environment: "uat" });
  expect(server.log.find(({ level }) => level === "warn")).toMatchObject({ sdk: "1.0.0" });
});
