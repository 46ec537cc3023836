// What /metrics tells after something has happened, and to whom.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, keyFor, leaseIn, ownerOf, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { type Scrape, scrape } from "./scrape.ts";

let server: Server;
let admin: Clients;

beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

const CALLS = "rpc_server_call_duration_seconds_count";
const REQUESTS = "http_server_request_duration_seconds_count";

/** Names of a test's own. */
async function made(pool: string, environment: string, config: object = {}): Promise<{ pool: string; environment: string }> {
  await admin.environments.applyEnvironments({ environments: [{ name: environment, pool, ...config }] });
  return { pool, environment };
}

/** The sum over what else tells series apart. */
function inAll(from: Scrape, name: string, labels: Readonly<Record<string, string>>): number {
  return from.all(name, labels).reduce((sum, { value }) => sum + value, 0);
}

describe("of an environment", () => {
  test("a grant, the wait before it, the hold and its end are counted, each by why", async () => {
    const place = await made("counted", "counted-1", { lockDelay: seconds(0) });
    const first = leaseIn(await admin.locks.acquire({ environment: "counted-1" }));
    const second = leaseIn(await admin.locks.acquire({ environment: "counted-1" }));
    let now = await scrape(server);
    expect(now.value("callme_line_length", place)).toBe(1);
    expect(now.value("callme_line_oldest_seconds", place)).toBeGreaterThan(0);
    expect(now.value("callme_slots", { ...place, state: "used" })).toBe(1);
    expect(now.value("callme_slots", { ...place, state: "free" })).toBe(0);
    await admin.locks.release({ leaseId: first.id });
    await ownerOf(server, second).getLease({ leaseId: second.id });
    await admin.environments.forceRelease({ leaseId: second.id, reason: "to see it counted" });
    now = await scrape(server);
    expect(now.value("callme_grants_total", { ...place, purpose: "use" })).toBe(2);
    expect(now.value("callme_wait_seconds_count", place)).toBe(2);
    expect(now.value("callme_hold_seconds_count", place)).toBe(2);
    expect(now.value("callme_lease_ended_total", { ...place, reason: "RELEASED" })).toBe(1);
    expect(now.value("callme_lease_ended_total", { ...place, reason: "FORCE_RELEASED" })).toBe(1);
    expect(now.value("callme_line_length", place)).toBe(0);
    expect(now.value("callme_line_oldest_seconds", place)).toBe(0);
    expect(now.all("callme_wait_seconds_bucket", place).map(({ labels }) => labels["le"])).toEqual(
      "1 5 15 30 60 120 300 600 1800 3600 7200 14400 28800 +Inf".split(" "),
    );
  });

  test("slots are told by what they are: free, used, resting, or what the environment is that is out of service", async () => {
    const place = await made("slots", "slots-1", { capacity: 5, lockDelay: seconds(600) });
    const lease = leaseIn(await admin.locks.acquire({ needs: [{ environment: "slots-1", slots: 2 }] }));
    await admin.locks.acquire({ environment: "slots-1" });
    await admin.environments.forceRelease({ leaseId: lease.id, reason: "to let slots rest" });
    const slots = async () => (await scrape(server)).all("callme_slots", place).map(({ labels, value }) => `${value} ${labels["state"]}`);
    expect(await slots()).toEqual(["1 used", "2 resting", "2 free"]);
    await admin.environments.setEnvironmentState({ environment: "slots-1", state: EnvironmentState.MAINTENANCE, reason: "new disk" });
    expect(await slots()).toEqual(["1 used", "2 resting", "0 free", "2 maintenance"]);
    await admin.environments.setEnvironmentState({ environment: "slots-1", state: EnvironmentState.AVAILABLE });
    expect(await slots()).toEqual(["1 used", "2 resting", "2 free"]);
  });

  test("who cleans it has waited in no line, and is counted as a grant of another purpose", async () => {
    const place = await made("cleaned", "cleaned-1", { cleaning: { required: true } });
    await admin.environments.setEnvironmentState({ environment: "cleaned-1", state: EnvironmentState.DIRTY });
    await admin.environments.acquireForCleaning({ environment: "cleaned-1" });
    const now = await scrape(server);
    expect(now.value("callme_grants_total", { ...place, purpose: "cleaning" })).toBe(1);
    expect(now.value("callme_wait_seconds_count", place)).toBe(0);
  });

  test("who waits by a selector is in the line of each that would do, and is counted for none of them while it has none", async () => {
    const labels = { kind: "sought" };
    const place = await made("sought", "sought-1", { labels });
    await admin.locks.acquire({ environment: "sought-1" });
    const waiting = leaseIn(await admin.locks.acquire({ pool: "sought", needs: [{ selector: "kind=sought" }] }));
    expect(waiting.state).toBe(LeaseState.QUEUED);
    expect((await scrape(server)).value("callme_line_length", place)).toBe(1);
    await admin.locks.release({ leaseId: waiting.id });
    const ends = (await scrape(server)).all("callme_lease_ended_total", { pool: "sought" });
    expect(ends.filter(({ value }) => value > 0).map(({ labels: { environment, reason } }) => [environment, reason])).toEqual([
      ["", "WITHDRAWN"],
    ]);
  });

  test("nothing is left once it is deleted", async () => {
    const place = await made("deleted", "deleted-1");
    await admin.locks.release({ leaseId: leaseIn(await admin.locks.acquire({ environment: "deleted-1" })).id });
    expect((await scrape(server)).all("callme_hold_seconds_count", place)).toHaveLength(1);
    await admin.environments.deleteEnvironment({ environment: "deleted-1" });
    expect((await scrape(server)).samples.filter(({ labels }) => labels["environment"] === "deleted-1")).toEqual([]);
  });

  test.each([`a "quoted" one`, "two\nlines", "back\\slash\\n", 'le="+Inf"} 1\ncallme_ready 0', "naïve 環境"])(
    "a name with odd characters stays one text: %j",
    async (name) => {
      const answer = await fetch(`${server.url}/maybe?environment=${encodeURIComponent(name)}`, {
        ...{ method: "POST", headers: { "x-api-key": server.key } },
      });
      expect(answer.status).toBe(201);
      const now = await scrape(server);
      expect(now.value("callme_slots", { pool: "default", environment: name, state: "used" })).toBe(1);
      expect(now.value("callme_ready")).toBe(1);
    },
  );

  test("no label has a lease, a holder, a principal or a reason that somebody gave", async () => {
    const holder = { name: "hold-er", runUrl: "https://ci.example.com/run/4711", actor: "act-or" };
    const lease = leaseIn(await admin.locks.acquire({ environment: "unlabelled", holder, reason: "rea-son", tags: ["t-ag"] }));
    const { text } = await scrape(server);
    for (const private_ of [lease.id, "hold-er", "4711", "act-or", "rea-son", "t-ag", "key:", server.key])
      expect(text).not.toContain(private_);
  });
});

describe("of the server", () => {
  test("each call is counted by method and by what it came to, of /maybe too", async () => {
    const method = (name: string) => `callme.v1.LockService/${name}`;
    const before = await scrape(server);
    await admin.locks.check({ environment: "called-1" });
    await expect(admin.locks.getLease({ leaseId: "none" })).rejects.toThrow("none");
    await fetch(`${server.url}/callme.v1.LockService/Check`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    for (const key of [server.key, server.key, "wrong"])
      await fetch(`${server.url}/maybe?environment=called-2`, { method: "POST", headers: { "x-api-key": key } });
    const now = await scrape(server);
    const more = (rpc_method: string, code: string) => {
      const labels = { rpc_method, rpc_response_status_code: code };
      return inAll(now, CALLS, labels) - inAll(before, CALLS, labels);
    };
    expect(more(method("Check"), "OK")).toBe(1);
    expect(more(method("GetLease"), "NOT_FOUND")).toBe(1);
    expect(more(method("Check"), "UNAUTHENTICATED")).toBe(1);
    expect(
      now.value(CALLS, { rpc_system_name: "connectrpc", rpc_method: method("Check"), rpc_response_status_code: "OK" }),
    ).toBeGreaterThan(0);
    const requests = (http_response_status_code: string) => {
      const labels = { http_request_method: "POST", http_route: "/maybe", http_response_status_code };
      return (now.value(REQUESTS, labels) ?? 0) - (before.value(REQUESTS, labels) ?? 0);
    };
    expect([requests("201"), requests("403"), requests("401")]).toEqual([1, 1, 1]);
    expect(now.value(REQUESTS, { http_route: "/metrics", http_response_status_code: "200" })).toBeGreaterThan(0);
  });

  test("open watches are counted while they are open, those of /watch too", async () => {
    const open = async () => (await scrape(server)).value("callme_streams_open", { rpc_method: "callme.v1.LockService/WatchEnvironment" });
    const before = (await open()) ?? 0;
    const abort = new AbortController();
    const stream = admin.locks.watchEnvironment({ environment: "watched" }, { signal: abort.signal })[Symbol.asyncIterator]();
    await stream.next();
    const lines = await fetch(`${server.url}/watch?environment=watched`, { headers: { "x-api-key": server.key }, signal: abort.signal });
    await lines.body?.getReader().read();
    expect(await open()).toBe(before + 2);
    abort.abort();
    await eventually(async () => (await open()) === before);
  });

  test("commits are counted with their commands, and so is what there is of what has limits", async () => {
    const before = await scrape(server);
    await admin.locks.acquire({ environment: "committed" });
    const now = await scrape(server);
    for (const name of ["callme_commit_duration_seconds_count", "callme_commit_commands_count"])
      expect(now.value(name)).toBeGreaterThan(before.value(name) ?? 0);
    const used = (from: typeof now, what: string) => from.value("callme_used", { what }) ?? 0;
    expect(used(now, "leases")).toBe(used(before, "leases") + 1);
    for (const { labels } of now.all("callme_used")) expect(now.value("callme_limit", labels)).toBeGreaterThan(0);
  });

  test("refusals for who asks are counted, and calls of nobody", async () => {
    const viewer = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }], "viewer");
    const before = await scrape(server);
    await expect(viewer.locks.acquire({ environment: "refused" })).rejects.toThrow("ROLE_USE");
    await fetch(`${server.url}/maybe?environment=x`, { headers: { "x-api-key": "a wrong one" } });
    const now = await scrape(server);
    expect(now.value("callme_calls_refused_total")).toBe((before.value("callme_calls_refused_total") ?? 0) + 1);
    const showed = { showed: "wrong key" };
    expect(now.value("callme_strangers_total", showed)).toBe((before.value("callme_strangers_total", showed) ?? 0) + 1);
  });

  test("the process is told of, too", async () => {
    const { names } = await scrape(server);
    for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "nodejs_eventloop_lag_seconds"])
      expect(names).toContain(name);
  });
});

describe("to whom", () => {
  test("a key is asked for, and one that sees nothing is none", async () => {
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    const cleaner = await keyFor(server, [{ role: Role.USE, patterns: ["nothing-*"] }], "team");
    expect((await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${cleaner.secret}` } })).status).toBe(200);
    const { leaseToken } = await admin.locks.acquire({ environment: "tokened" });
    const answer = await fetch(`${server.url}/metrics`, { headers: { "x-api-key": leaseToken } });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "permission_denied"]);
  });

  test("who does not see everything gets the server's figures, and those of what it sees", async () => {
    await admin.environments.applyEnvironments({
      environments: ["red-1", "blue-1"].map((name) => ({ name, pool: "teams" })),
      pools: [{ name: "teams" }],
    });
    for (const environment of ["red-1", "blue-1"]) await admin.locks.acquire({ environment });
    const red = await keyFor(server, [{ role: Role.USE, patterns: ["red-*"] }], "red");
    const whole = await keyFor(server, [{ role: Role.VIEW, patterns: ["teams:*"] }], "all of a pool");
    const seen = async (key: string) => {
      const now = await scrape({ url: server.url, key });
      expect(now.value("callme_ready")).toBe(1);
      return new Set(now.samples.flatMap(({ labels: { environment } }) => environment ?? []));
    };
    expect(await seen(red.secret)).toEqual(new Set(["red-1"]));
    expect(await seen(whole.secret)).toEqual(new Set(["red-1", "blue-1"]));
  });

  test("other verbs and paths are answered as elsewhere", async () => {
    const answer = await fetch(`${server.url}/metrics`, { method: "POST", headers: { "x-api-key": server.key } });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
    expect((await fetch(`${server.url}/metrics/x`)).status).toBe(404);
  });
});

describe("by its settings", () => {
  test("nobody is asked for a key with CALL_ME_METRICS=open, at /metrics alone", async () => {
    await using open = await Server.start({ CALL_ME_METRICS: "open" });
    await clientsOf(open).locks.acquire({ environment: "uat" });
    const now = await scrape({ url: open.url, key: "" });
    expect(now.value("callme_slots", { environment: "uat", state: "used" })).toBe(1);
    expect((await fetch(`${open.url}/maybe?environment=uat`)).status).toBe(401);
  });

  test("a bad setting is told with its remedy", async () => {
    await expect(Server.start({ CALL_ME_METRICS: "yes" })).rejects.toThrow('CALL_ME_METRICS is "yes"; give open');
    await expect(Server.start({ CALL_ME_METRICS_ENVIRONMENTS: "10001" })).rejects.toThrow("give a number from 0 to 10000");
  });

  test("beyond so many environments they are counted together, by pool, and what is configured comes first", async () => {
    await using few = await Server.start({ CALL_ME_METRICS_ENVIRONMENTS: "2" });
    const { locks, environments } = clientsOf(few);
    for (const environment of ["made-1", "made-2", "made-3"]) await locks.acquire({ environment });
    const named = async () => {
      const now = await scrape(few);
      expect(now.all("callme_slots", { state: "used" }).reduce((sum, { value }) => sum + value, 0)).toBe(3);
      return new Set(now.all("callme_slots").flatMap(({ labels: { environment } }) => environment || []));
    };
    expect(await named()).toEqual(new Set(["made-1", "made-2"]));
    expect((await scrape(few)).value("callme_grants_total", { environment: "", purpose: "use" })).toBe(1);
    await environments.applyEnvironments({ environments: [{ name: "set-1" }, { name: "set-2", capacity: 3 }] });
    expect(await named()).toEqual(new Set(["set-1", "set-2"]));
    await few.kill9();
    await few.restart();
    expect(await named()).toEqual(new Set(["set-1", "set-2"]));
    expect((await scrape(few)).value("callme_slots", { environment: "", state: "used" })).toBe(3);
  });

  test("what a start ends is counted for the environment that it was on", async () => {
    await using brief = await Server.start();
    const { environments, locks } = clientsOf(brief);
    await environments.applyEnvironments({ environments: [{ name: "brief", maxHold: seconds(1) }] });
    await locks.acquire({ environment: "brief", ttl: seconds(1) });
    await brief.kill9();
    await brief.restart();
    const ended = { environment: "brief", reason: "EXPIRED" };
    await eventually(async () => (await scrape(brief)).value("callme_lease_ended_total", ended) === 1);
  });
});
