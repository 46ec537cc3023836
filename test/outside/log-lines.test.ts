// What the log says of grants, ends, refusals and calls.
import { describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import type { Event } from "../../src/core/event.ts";
import { EventLog } from "../../src/event-log.ts";
import type { Commit } from "../../src/store/store.ts";
import { clientsOf, fenceOf, keyFor, leaseIn } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { type LogLine, Server } from "./server.ts";

/** The lines of a text, once there are so many. */
function lines(server: Server, text: string, count = 1): Promise<readonly LogLine[]> {
  return eventually(() => {
    const found = server.log.filter(({ msg }) => msg === text);
    return found.length >= count && found;
  });
}

describe("at info", () => {
  test("a grant and an end are a line each, with the lease, what it is on, who had it, and who ended it", async () => {
    await using server = await Server.start();
    const admin = clientsOf(server);
    const team = await keyFor(server, [{ role: Role.USE, patterns: ["*"] }], "team a");
    const holder = { name: 'me "and"\nothers'.replace("\n", " "), runUrl: "https://ci.example.com/1" };
    const lease = leaseIn(await team.locks.acquire({ environment: "uat", holder }));
    await admin.environments.forceRelease({ leaseId: lease.id, reason: "we need it" });
    const whose = { lease: lease.id, pool: "default", environments: ["uat"], holder: holder.name, run: holder.runUrl };
    const [granted] = await lines(server, "a lease was granted");
    expect(granted).toMatchObject({ level: "info", ...whose, principal: `key:${team.id}`, label: "team a", waited: 0 });
    expect(`${granted?.["fencing_token"]}`).toBe(`${fenceOf(lease)}`);
    const [ended] = await lines(server, "a lease has ended");
    expect(ended).toMatchObject({ level: "info", ...whose, why: "FORCE_RELEASED", by: { principal: "admin" }, note: "we need it" });
  });

  test("a refusal for who asked is a line, and the calls themselves are none", async () => {
    await using server = await Server.start();
    const viewer = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }], "viewer");
    await expect(viewer.locks.acquire({ environment: "uat" })).rejects.toThrow("ROLE_USE");
    const [refused] = await lines(server, "a call was refused");
    expect(refused).toMatchObject({ method: "Acquire", principal: `key:${viewer.id}`, label: "viewer" });
    expect(refused?.["why"]).toContain("has no ROLE_USE");
    expect(server.log.filter(({ level }) => level === "debug")).toEqual([]);
  });
});

describe("at debug", () => {
  test("each call is a line with its ids, who called, what, what it came to, and how long it took", async () => {
    await using server = await Server.start({ CALL_ME_LOG_LEVEL: "debug" });
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const headers = {
      ...{ "x-api-key": server.key, "content-type": "application/json" },
      ...{ "x-request-id": "from-the-proxy", traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    };
    const call = (method: string, body: object, more = {}) =>
      fetch(`${server.url}/callme.v1.LockService/${method}`, {
        method: "POST",
        headers: { ...headers, ...more },
        body: JSON.stringify(body),
      });
    await call("Acquire", { environment: "uat", requestId: "job-1" });
    await call("GetLease", { leaseId: "none" }, { "x-request-id": "not an id" });
    await call("Check", { environment: "uat" }, { "x-api-key": "wrong" });
    await fetch(`${server.url}/maybe?environment=uat`, { method: "POST", headers });
    const [acquire, look, check, maybe] = await lines(server, "a call has ended", 4);
    expect(acquire).toMatchObject({
      ...{ level: "debug", request: "from-the-proxy", request_id: "job-1", trace, principal: "admin", address: "127.0.0.1" },
      ...{ method: "callme.v1.LockService/Acquire", code: "OK", milliseconds: expect.any(Number) },
    });
    expect(look).toMatchObject({ method: "callme.v1.LockService/GetLease", code: "NOT_FOUND" });
    expect(look?.["request"]).toMatch(/^[\da-f-]{36}$/);
    expect(check).toMatchObject({ request: "from-the-proxy", code: "UNAUTHENTICATED" });
    expect(check).not.toHaveProperty("principal");
    expect(maybe).toMatchObject({ method: "POST /maybe", principal: "admin", code: "403" });
  });

  test.each([
    ["is longer than any", "x".repeat(10_000)],
    ["has a line break", "two\nlines"],
    ["turns a terminal's text round", "a\u202eb"],
  ])("a request_id that %s is in no line", async (_, requestId) => {
    await using server = await Server.start({ CALL_ME_LOG_LEVEL: "debug" });
    await expect(clientsOf(server).locks.acquire({ environment: "uat", requestId })).rejects.toThrow("request_id");
    const [call] = await lines(server, "a call has ended");
    expect(call).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(call).not.toHaveProperty("request_id");
  });

  test("a stream is a line when it opens, and one when it has ended", async () => {
    await using server = await Server.start({ CALL_ME_LOG_LEVEL: "debug" });
    const abort = new AbortController();
    const stream = clientsOf(server).locks.watchEnvironment({ environment: "uat" }, { signal: abort.signal })[Symbol.asyncIterator]();
    await stream.next();
    const [opened] = await lines(server, "a stream was opened");
    abort.abort();
    const [ended] = await lines(server, "a call has ended");
    expect(ended).toMatchObject({ request: opened?.["request"], method: "callme.v1.LockService/WatchEnvironment" });
  });
});

test("of a flood 600 lines a minute are written of each kind, and no kind silences another", () => {
  const told: string[] = [];
  const log = new EventLog({ debug: () => {}, info: (_, text) => told.push(text) });
  const by = { principal: "key:a" };
  const holder = { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;
  const event: Event = {
    ...{ revision: 1, at: 1, pool: "default", environments: [], kind: "GRANTED" },
    cause: { leaseId: "a", state: "HELD", holder },
  };
  log.committed({ events: Array.from({ length: 5_000 }, () => event) } as unknown as Commit);
  log.refused({ method: "Acquire", why: "no", by });
  expect(told.filter((text) => text === "a lease was granted")).toHaveLength(600);
  expect(told.at(-1)).toBe("a call was refused");
});
