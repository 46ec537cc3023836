// What a stock gRPC client sees.
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { detailsOf, type Message, Stock } from "./grpc.ts";
import { Server } from "./server.ts";

let server: Server;
let locks: Stock;
let environments: Stock;
beforeAll(async () => {
  server = await Server.start();
  locks = new Stock(server, "callme.v1.LockService");
  environments = new Stock(server, "callme.v1.EnvironmentService");
});
afterAll(async () => {
  locks[Symbol.dispose]();
  environments[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function leaseOf(answer: Message): Message & { id: string } {
  return answer["lease"] as Message & { id: string };
}

describe("LockService", () => {
  test("Check, Acquire, GetLease, Renew, CheckFence, Release", async () => {
    const environment = "all-methods";
    expect(await locks.call("Check", { environment })).toMatchObject({ available: true });
    const answer = await locks.call("Acquire", { environment, ttl: { seconds: 60 }, holder: { name: "first", kind: "HOLDER_KIND_HUMAN" } });
    expect(answer).toMatchObject({ environment_created: true, lease_token: expect.stringMatching(/^cml_/) });
    const lease = leaseOf(answer);
    expect(lease).toMatchObject({
      state: "LEASE_STATE_HELD",
      end_reason: "END_REASON_UNSPECIFIED",
      holder: { name: "first", kind: "HOLDER_KIND_HUMAN" },
      ttl: { seconds: "60" },
      environments: [{ name: environment, slots: 1, slot_indexes: [0] }],
    });
    const [{ fencing_token }] = lease["environments"] as [{ fencing_token: string }];
    expect(await locks.call("CheckFence", { environment, fencing_token })).toEqual({ valid: true, current: fencing_token });
    expect(await locks.call("CheckFence", { environment, fencing_token: "1" })).toEqual({ valid: false, current: fencing_token });
    expect(leaseOf(await locks.call("GetLease", { lease_id: lease.id }))).toMatchObject({ id: lease.id, state: "LEASE_STATE_HELD" });
    expect(leaseOf(await locks.call("Renew", { lease_id: lease.id, ttl: { seconds: 120 } }))).toMatchObject({ ttl: { seconds: "120" } });
    const released = await locks.call("Release", { lease_id: lease.id, outcome: "OUTCOME_FAILED", note: "red" });
    expect(released).toMatchObject({ already_ended: false, lease: { end_reason: "END_REASON_RELEASED", end_note: "red" } });
    expect(await locks.call("Release", { lease_id: lease.id })).toMatchObject({ already_ended: true, lease: { end_note: "red" } });
    expect(await locks.call("CheckFence", { environment, fencing_token })).toEqual({ valid: false, current: fencing_token });
  });

  test("the second in line is QUEUED at position 1, and is told who holds it; a third is told who is ahead", async () => {
    const environment = "line";
    const first = leaseOf(
      await locks.call("Acquire", { environment, holder: { name: "checkout #4711", run_url: "https://ci/4711" }, reason: "nightly" }),
    );
    const second = leaseOf(await locks.call("Acquire", { environment, holder: { name: "search #12" } }));
    const occupant = {
      lease_id: first.id,
      holder: { name: "checkout #4711", run_url: "https://ci/4711" },
      state: "LEASE_STATE_HELD",
      reason: "nightly",
    };
    expect(second).toMatchObject({ state: "LEASE_STATE_QUEUED", position: 1, queue_length: 1, ahead: [], holders: [occupant] });
    const third = leaseOf(await locks.call("Acquire", { environment }));
    expect(third).toMatchObject({
      position: 2,
      queue_length: 2,
      ahead: [{ lease_id: second.id, state: "LEASE_STATE_QUEUED" }],
      holders: [occupant],
    });
  });

  test("wait answers QUEUED before the call's deadline, and the grant as soon as it comes", async () => {
    const environment = "deadline";
    const first = leaseOf(await locks.call("Acquire", { environment }));
    const request = { environment, request_id: "waiter", wait: { seconds: 60 } };
    expect(leaseOf(await locks.call("Acquire", request, 600))).toMatchObject({ state: "LEASE_STATE_QUEUED", position: 1 });
    // Nothing is left of 250 ms when 250 ms are to be left: answered at once.
    expect(leaseOf(await locks.call("Acquire", request, 240))).toMatchObject({ state: "LEASE_STATE_QUEUED" });
    const asked = await locks.call("Acquire", { ...request, wait: {} });
    const second = leaseOf(asked);
    using own = new Stock(server, "callme.v1.LockService", { "x-api-key": String(asked["lease_token"]) });
    expect(leaseOf(await own.call("GetLease", { lease_id: second.id, wait: { seconds: 60 } }, 500))).toMatchObject({
      state: "LEASE_STATE_QUEUED",
    });
    const waiting = locks.call("Acquire", request, 15_000);
    const looking = own.call("GetLease", { lease_id: second.id, wait: { seconds: 15 } });
    await locks.call("Release", { lease_id: first.id });
    expect(leaseOf(await waiting)).toMatchObject({ id: second.id, state: "LEASE_STATE_HELD" });
    expect(leaseOf(await looking)).toMatchObject({ id: second.id, state: "LEASE_STATE_HELD" });
  });

  test("WatchEnvironment and WatchLease", async () => {
    const environment = "streams";
    const watch = locks.stream("WatchEnvironment", { environment });
    const snapshot = { kind: "WATCH_KIND_SNAPSHOT", environments: [{ name: environment, available: true }] };
    expect((await watch.next()).value).toMatchObject(snapshot);
    const lease = leaseOf(await locks.call("Acquire", { environment }));
    const grant = { kind: "WATCH_KIND_CHANGE", cause: { lease_id: lease.id, state: "LEASE_STATE_HELD" } };
    expect((await watch.next()).value).toMatchObject(grant);
    const life = locks.stream("WatchLease", { lease_id: lease.id });
    expect((await life.next()).value).toMatchObject({ kind: "WATCH_KIND_SNAPSHOT", lease: { state: "LEASE_STATE_HELD" } });
    await locks.call("Release", { environment });
    expect((await life.next()).value).toMatchObject({ kind: "WATCH_KIND_CHANGE", lease: { end_reason: "END_REASON_RELEASED" } });
    expect(await life.next()).toMatchObject({ done: true });
    await watch.return?.();
  });

  test("a lease_token alone is key enough for its lease", async () => {
    const { lease_token, lease } = await locks.call("Acquire", { environment: "by-token" });
    const { id: lease_id } = lease as { id: string };
    using bearer = new Stock(server, "callme.v1.LockService", { authorization: `Bearer ${lease_token}` });
    expect(leaseOf(await bearer.call("Renew", { lease_id }))).toMatchObject({ id: lease_id });
    expect(await bearer.failure("Acquire", { environment: "by-token" })).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(leaseOf(await bearer.call("Release", { lease_id }))).toMatchObject({ state: "LEASE_STATE_ENDED" });
  });
});

test("EnvironmentService", async () => {
  const environment = {
    name: "operated",
    pool: "lab",
    capacity: 2,
    labels: { board: "x1" },
    default_ttl: { seconds: 30 },
    links: { page: "https://lab/x1" },
  };
  const changes = (answer: Message) => answer["changes"];
  const created = [{ name: "operated", pool: "lab", kind: "CHANGE_KIND_CREATED", fields: [], before: null }];
  expect(changes(await environments.call("ApplyEnvironments", { environments: [environment], dry_run: true }))).toEqual(created);
  expect(changes(await environments.call("ApplyEnvironments", { environments: [environment] }))).toEqual(created);
  expect(await environments.call("ListEnvironments", { pool: "lab" })).toMatchObject({
    environments: [{ ...environment, default_ttl: { seconds: "30" }, state: "ENVIRONMENT_STATE_AVAILABLE", max_ttl: null }],
    next_page_token: "",
  });
  const lease = leaseOf(await locks.call("Acquire", { needs: [{ environment: "operated", slots: 2 }], tags: ["nightly"] }));
  expect(lease).toMatchObject({ pool: "lab", ttl: { seconds: "30" }, environments: [{ slots: 2, slot_indexes: [0, 1] }] });
  expect(await environments.call("ListLeases", { filter: { tag: "nightly" } })).toMatchObject({ leases: [{ id: lease.id }] });
  expect(await environments.call("GetEnvironment", { environment: "operated" })).toMatchObject({ status: { used: 2, available: false } });
  const drained = await environments.call("SetEnvironmentState", {
    environment: "operated",
    state: "ENVIRONMENT_STATE_DRAINING",
    reason: "move",
  });
  expect(drained).toMatchObject({ environment: { state: "ENVIRONMENT_STATE_DRAINING", state_reason: "move", labels: { board: "x1" } } });
  const busy = await environments.failure("DeleteEnvironment", { environment: "operated" });
  expect(busy).toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringContaining(lease.id) });
  const forced = await environments.call("ForceRelease", { lease_id: lease.id, reason: "gone home" });
  expect(forced).toMatchObject({ lease: { end_reason: "END_REASON_FORCE_RELEASED", end_note: "gone home" } });
  expect(await environments.call("DeleteEnvironment", { environment: "operated" })).toMatchObject({ environment: { name: "operated" } });
});

describe("errors", () => {
  const info = (error: ServiceError) => detailsOf(error)["ErrorInfo"];

  test("bad input names the field", async () => {
    const error = await locks.failure("Acquire", { needs: [{ environment: "a" }, { environment: "b", slots: 99_999 }] });
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: "needs[1].slots: 99999 is out of range; give 1 to 10000" });
    expect(detailsOf(error)).toMatchObject({
      ErrorInfo: { domain: "call-me", reason: "BAD_FIELD" },
      BadRequest: { field_violations: [{ field: "needs[1].slots", reason: "BAD_FIELD" }] },
    });
  });

  test("each code has its reason and facts", async () => {
    const environment = "errors";
    const { id: lease_id } = leaseOf(await locks.call("Acquire", { environment, request_id: "r" }));
    const mismatch = await locks.failure("Acquire", { environment, request_id: "r", reason: "other" });
    expect(mismatch.code).toBe(status.ALREADY_EXISTS);
    expect(info(mismatch)).toMatchObject({ reason: "IDEMPOTENCY_MISMATCH", metadata: { lease_id } });
    await locks.call("Release", { lease_id });
    const ended = await locks.failure("Renew", { lease_id });
    expect(ended.code).toBe(status.FAILED_PRECONDITION);
    expect(info(ended)).toMatchObject({ reason: "LEASE_ENDED", metadata: { lease_id, end_reason: "RELEASED" } });
    const nothing = await locks.failure("Release", { environment });
    expect(nothing.code).toBe(status.NOT_FOUND);
    expect(info(nothing)).toMatchObject({ reason: "NOTHING_HELD" });
    const unknown = await environments.failure("GetEnvironment", { environment: "errorz" });
    expect(unknown).toMatchObject({ code: status.NOT_FOUND, details: expect.stringContaining('did you mean "errors"') });
  });

  test.each([
    ["no key", {}, "NO_KEY"],
    ["a wrong key", { "x-api-key": "wrong" }, "WRONG_KEY"],
    ["a token that somebody made up", { "x-api-key": "cml_abc_def" }, "WRONG_KEY"],
    ["another scheme", { authorization: "Basic abc" }, "NO_KEY"],
  ])("%s is unauthenticated", async (_, metadata, reason) => {
    using stranger = new Stock(server, "callme.v1.LockService", metadata);
    const error = await stranger.failure("Check", { environment: "a" });
    expect(error.code).toBe(status.UNAUTHENTICATED);
    expect(info(error)).toMatchObject({ domain: "call-me", reason });
  });

  test("a message over 64 KiB is resource_exhausted, and says so with its details", async () => {
    const error = await locks.failure("Acquire", { environment: "large", reason: "x".repeat(70_000) });
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(info(error)).toMatchObject({ domain: "call-me", reason: "TOO_LARGE" });
    expect(error.details).toContain("64 KiB");
  });

  test("words beyond ASCII arrive whole", async () => {
    const error = await environments.failure("GetEnvironment", { environment: "größe 100% 日" });
    expect(error.details).toContain('there is no environment "größe 100% 日"');
  });
});

test("health needs no key", async () => {
  using health = new Stock(server, "grpc.health.v1.Health", {});
  expect(await health.call("Check", { service: "callme.v1.LockService" })).toEqual({ status: "SERVING" });
  const watch = health.stream("Watch", {});
  expect((await watch.next()).value).toEqual({ status: "SERVING" });
  await watch.return?.();
});

test.each(["v1", "v1alpha"])("reflection %s needs no key, and lists the services", async (version) => {
  using reflection = new Stock(server, `grpc.reflection.${version}.ServerReflection`, {});
  const answer = await reflection.ask("ServerReflectionInfo", { list_services: "" });
  const ours = ["LockService", "EnvironmentService", "InsightService", "AccessService"].map((name) => `callme.v1.${name}`);
  const services = [...ours, "grpc.health.v1.Health"].map((name) => ({ name }));
  expect(answer).toMatchObject({ list_services_response: { service: services } });
});
