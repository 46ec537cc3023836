// What a script with curl sees.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CurlLines, curl, post } from "./curl.ts";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Name and id of the lease in an answer. */
function leaseOf(answer: { json(): Record<string, unknown> }): Record<string, unknown> & { id: string } {
  return answer.json()["lease"] as Record<string, unknown> & { id: string };
}

/** The details of an error by the last part of their type's name. */
function details(answer: { json(): Record<string, unknown> }): Record<string, unknown> {
  const list = answer.json()["details"] as { type: string; debug: unknown }[];
  return Object.fromEntries(list.map(({ type, debug }) => [type.replace(/.*\./, ""), debug]));
}

describe("JSON over curl", () => {
  test("the README's round trip: an environment is all that Check, Acquire and Release need", async () => {
    const environment = "uat";
    expect((await post(server, "LockService/Check", { environment })).json()).toMatchObject({ available: true });
    const answer = await post(server, "LockService/Acquire", { environment });
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(answer.json()).toMatchObject({ environmentCreated: true, leaseToken: expect.stringMatching(/^cml_/) });
    const lease = leaseOf(answer);
    expect(lease).toMatchObject({ state: "LEASE_STATE_HELD", ttl: "3600s", maxHold: "14400s", expiresAt: expect.stringMatching(/Z$/) });
    expect(lease["environments"]).toEqual([
      { name: environment, slots: 1, slotIndexes: [0], fencingToken: expect.stringMatching(/^\d{16}$/) },
    ]);
    const asked = (await post(server, "LockService/Acquire", { environment })).json();
    const waiting = asked["lease"] as Record<string, unknown>;
    expect(waiting).toMatchObject({ state: "LEASE_STATE_QUEUED", position: 1, holders: [{ leaseId: lease.id }] });
    const renewed = leaseOf(await post(server, "LockService/Renew", { leaseId: lease.id, ttl: "7200s" }));
    expect(renewed).toMatchObject({ id: lease.id, ttl: "7200s", revision: expect.stringMatching(/^\d+$/) });
    expect((await post(server, "LockService/Release", { environment })).json()).toMatchObject({
      lease: { id: lease.id, state: "LEASE_STATE_ENDED", endReason: "END_REASON_RELEASED" },
    });
    const owner = { url: server.url, key: String(asked["leaseToken"]) };
    const granted = leaseOf(await post(owner, "LockService/GetLease", { leaseId: waiting["id"] }));
    expect(granted).toMatchObject({ id: waiting["id"], state: "LEASE_STATE_HELD" });
    await post(server, "LockService/Release", { lease_id: waiting["id"] });
  });

  test("a Bearer key is as good as X-API-KEY", async () => {
    const args = ["-H", `authorization: Bearer ${server.key}`, "-H", "content-type: application/json", "-d", '{"environment":"bearer"}'];
    expect((await curl([...args, `${server.url}/callme.v1.LockService/Check`])).status).toBe(200);
  });

  test.each([
    ["LockService/Acquire", { environment: "typo", ttll: "5s" }, "ttll"],
    ["LockService/Acquire", { environment: "typo", holder: { nmae: "x" } }, "holder.nmae"],
    ["EnvironmentService/ApplyEnvironments", { environments: [{ name: "typo", capcity: 2 }] }, "environments[0].capcity"],
  ])("%s names the unknown field of %j", async (method, message, field) => {
    const answer = await post(server, method, message);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid_argument", message: expect.stringMatching(/"\w+" is unknown/) });
    expect(details(answer)).toMatchObject({
      ErrorInfo: { domain: "call-me", reason: "MALFORMED" },
      BadRequest: { fieldViolations: [{ field }] },
    });
    expect((await post(server, "LockService/Check", { environment: "typo" })).json()).toMatchObject({ available: true });
  });

  test.each(["{", '{"environment":5}', '{"environment":"x","ttl":"soon"}', "[]", '{"environment":"x","ifBusy":"MAYBE"}'])(
    "%s is invalid_argument",
    async (message) => {
      const answer = await post(server, "LockService/Acquire", message);
      expect(answer).toMatchObject({ status: 400 });
      expect(answer.json()).toMatchObject({ code: "invalid_argument" });
      expect(details(answer)).toMatchObject({ ErrorInfo: { domain: "call-me" } });
    },
  );

  test.each([
    ["LockService/Acquire", { environment: "newer", ifBusy: 7 }, "if_busy"],
    ["LockService/Release", { environment: "newer", outcome: 7 }, "outcome"],
    ["EnvironmentService/ListLeases", { filter: { states: [4, 7] } }, "filter.states[1]"],
  ])("%s refuses the value of a newer contract in %j", async (method, message, field) => {
    const answer = await post(server, method, message);
    expect(answer.status).toBe(400);
    expect(details(answer)).toMatchObject({ BadRequest: { fieldViolations: [{ field }] } });
  });

  test("bytes that are no message are the caller's mistake", async () => {
    const type = ["-H", `x-api-key: ${server.key}`, "-H", "content-type: application/proto"];
    const answer = await curl([...type, "--data-binary", "@-", `${server.url}/callme.v1.LockService/Check`], "\u007f\u007f");
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid_argument" });
    expect(details(answer)).toMatchObject({ ErrorInfo: { domain: "call-me", reason: "MALFORMED" } });
  });

  test("a proxy may ask with the whole address", async () => {
    const whole = ["--request-target", `http://call-me.example/callme.v1.LockService/Check`];
    expect((await post(server, "LockService/Check", { environment: "whole" }, whole)).status).toBe(200);
    const maybe = ["-H", `x-api-key: ${server.key}`, "--request-target", "http://call-me.example/maybe?environment=whole"];
    expect((await curl([...maybe, server.url])).status).toBe(200);
  });

  test("a content type that is none of ours is 415", async () => {
    const answer = await curl([
      "-H",
      `x-api-key: ${server.key}`,
      "-H",
      "content-type: text/plain",
      "-d",
      "{}",
      `${server.url}/callme.v1.LockService/Acquire`,
    ]);
    expect(answer.status).toBe(415);
  });

  test("a method that there is not is 404, unimplemented", async () => {
    const answer = await post(server, "LockService/Steal", {});
    expect(answer).toMatchObject({ status: 404 });
    expect(answer.json()).toMatchObject({ code: "unimplemented" });
  });

  test("without a key it is 401, whatever the body is", async () => {
    const answer = await post({ url: server.url, key: "" }, "LockService/Acquire", "{");
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ code: "unauthenticated" });
  });
});

describe("large bodies", () => {
  const KIB = 1024;
  /** Environments whose JSON has about so many bytes. */
  const fleet = (bytes: number): object => {
    const description = "d".repeat(500);
    return {
      dryRun: true,
      environments: Array.from({ length: Math.floor(bytes / 560) }, (_, index) => ({ name: `fleet-${index}`, description })),
    };
  };
  const padded = (bytes: number) => `{"environment":"large"${" ".repeat(bytes - 23)}}`;

  test.each([
    ["Content-Length", []],
    ["chunks", ["-H", "transfer-encoding: chunked"]],
  ])("64 KiB is accepted and a byte more is refused, sent with %s", async (_, more) => {
    expect((await post(server, "LockService/Check", padded(64 * KIB), more)).status).toBe(200);
    const answer = await post(server, "LockService/Check", padded(64 * KIB + 1), more);
    expect(answer.status).toBe(429);
    expect(answer.json()).toMatchObject({ code: "resource_exhausted", message: expect.stringContaining("64 KiB") });
    expect(details(answer)).toMatchObject({ ErrorInfo: { domain: "call-me", reason: "TOO_LARGE" } });
  });

  test("ApplyEnvironments takes 1 MiB, and refuses what is over 4 MiB, saying so", async () => {
    const apply = (bytes: number, key = server.key) => post({ url: server.url, key }, "EnvironmentService/ApplyEnvironments", fleet(bytes));
    const answer = await apply(KIB * KIB);
    expect(answer.status).toBe(200);
    expect(answer.json()["changes"]).toHaveLength(1872);
    const refused = await apply(5 * KIB * KIB);
    expect(refused.json()).toMatchObject({ code: "resource_exhausted", message: expect.stringContaining("4096 KiB") });
    expect((await apply(KIB * KIB, "wrong")).status).toBe(401);
  });
});

describe("/watch", () => {
  test("tells the same as WatchEnvironment, a JSON document a line, and can be resumed", async () => {
    const environment = "ndjson";
    const key = ["-H", `x-api-key: ${server.key}`];
    await using watch = new CurlLines([...key, `${server.url}/watch?environment=${environment}`]);
    expect(await watch.next()).toMatchObject({
      kind: "WATCH_KIND_SNAPSHOT",
      environments: [{ name: environment, state: "ENVIRONMENT_STATE_AVAILABLE", capacity: 1, available: true }],
    });
    const lease = leaseOf(await post(server, "LockService/Acquire", { environment, holder: { name: "one" } }));
    const grant = await watch.next();
    expect(grant).toMatchObject({
      kind: "WATCH_KIND_CHANGE",
      revision: lease["revision"],
      environments: [{ name: environment, used: 1, holders: [{ leaseId: lease.id, holder: { name: "one" } }] }],
      cause: { leaseId: lease.id, state: "LEASE_STATE_HELD", holder: { name: "one" } },
    });
    await post(server, "LockService/Release", { lease_id: lease.id });
    const end = await watch.next();
    expect(end).toMatchObject({ cause: { leaseId: lease.id, state: "LEASE_STATE_ENDED", endReason: "END_REASON_RELEASED" } });
    await using resumed = new CurlLines([...key, `${server.url}/watch?environment=${environment}&since_revision=${grant["revision"]}`]);
    expect(await resumed.next()).toEqual(end);
    await using whole = new CurlLines([...key, `${server.url}/watch?pool=default`]);
    expect(await whole.next()).toMatchObject({ kind: "WATCH_KIND_SNAPSHOT", revision: end["revision"] });
    await using unknown = new CurlLines([...key, `${server.url}/watch?pool=default&since_revision=9007199254740000`]);
    expect(await unknown.next()).toMatchObject({ kind: "WATCH_KIND_SNAPSHOT", reset: true });
  });

  test.each([
    ["?environment=a&pool=b", 400, "environment"],
    ["?environment=a&since=5", 400, "since"],
    ["?environment=a&since_revision=yesterday", 400, "since_revision"],
    ["?environment=a&since_revision=99999999999999999999", 400, "since_revision"],
    ["?environment=%00", 400, "environment"],
    ["?pool=nowhere", 404, "pool"],
  ])("%s is refused with %i, naming %s", async (query, status, field) => {
    const answer = await curl(["-H", `x-api-key: ${server.key}`, `${server.url}/watch${query}`]);
    expect(answer.status).toBe(status);
    expect(details(answer)).toMatchObject({ ErrorInfo: { domain: "call-me" }, BadRequest: { fieldViolations: [{ field }] } });
  });

  test("wants a key, and GET", async () => {
    expect((await curl([`${server.url}/watch?environment=a`])).status).toBe(401);
    const posted = await curl(["-X", "POST", "-H", `x-api-key: ${server.key}`, `${server.url}/watch?environment=a`]);
    expect(posted).toMatchObject({ status: 405, headers: { allow: "GET" } });
  });
});

test.each(["/healthz", "/readyz"])("%s needs no key", async (path) => {
  expect(await curl([`${server.url}${path}`])).toMatchObject({ status: 200 });
  expect(await curl(["--http2-prior-knowledge", `${server.url}${path}`])).toMatchObject({ status: 200 });
});
