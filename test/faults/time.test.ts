import { globSync, writeFileSync } from "node:fs";
import path from "node:path";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test, vi } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf, leaseIn, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { directory } from "../store/places.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

const DAY = 86_400;

async function startWith(names: readonly string[], env: Record<string, string> = {}): Promise<{ server: Server } & Clients> {
  const server = await Server.start(env);
  const clients = clientsOf(server, "gRPC");
  await clients.environments.applyEnvironments({ environments: names.map((name) => ({ name, lockDelay: seconds(0) })) });
  return { server, ...clients };
}

test.concurrent("a lease of 2 s that nobody renews ends after 2 s and before 3 s", async () => {
  const { server, locks } = await startWith(["uat"]);
  await using _ = server;
  const asked = performance.now();
  const lease = leaseIn(await locks.acquire({ environment: "uat", ttl: seconds(2) }));
  const next = leaseIn(await locks.acquire({ environment: "uat", requestId: "next", wait: seconds(60) }));
  expect(next.state).toBe(LeaseState.HELD);
  // The promise itself, so a bound on time: never early by the caller's own clock.
  expect(performance.now() - asked).toBeGreaterThanOrEqual(2_000);
  const ended = leaseIn(await locks.getLease({ leaseId: lease.id }));
  expect(ended.endReason).toBe(EndReason.EXPIRED);
  if (ended.endedAt === undefined || lease.expiresAt === undefined) throw new Error("times are missing");
  // And not late by the server's clock. By the caller's there is no bound on a busy machine: the answer waits for its turn.
  const late = timestampMs(ended.endedAt) - timestampMs(lease.expiresAt);
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThan(1_000);
});

test.concurrent("a lease lives through a stall of the server that is longer than its ttl, while its holder keeps renewing", async () => {
  const { server, locks } = await startWith(["uat"]);
  await using _ = server;
  const lease = leaseIn(await locks.acquire({ environment: "uat", ttl: seconds(4) }));
  const next = locks.acquire({ environment: "uat", requestId: "next", wait: seconds(60) });
  const position = async () => leaseIn(await locks.acquire({ environment: "uat", requestId: "next" })).position;
  expect(await position()).toBe(1);
  const doors = [locks, clientsOf(server, "Connect, JSON, HTTP/1.1").locks];
  server.signal("SIGSTOP");
  const { calls } = await everyQuarterSecond(28, (turn) => (doors[turn % doors.length] ?? locks).renew({ leaseId: lease.id }));
  server.signal("SIGCONT");
  for (const answer of await Promise.all(calls)) expect(leaseIn(answer).state).toBe(LeaseState.HELD);
  expect(await position()).toBe(1);
  expect(server.log.map(({ msg }) => msg)).toContain("the process stood still; leases are extended by it");
  // Then nobody renews, and time goes on.
  expect(leaseIn(await next).state).toBe(LeaseState.HELD);
});

test.concurrent("a lease of 25 days does not end at once", async () => {
  const { server, locks } = await startWith(["long", "short"]);
  await using _ = server;
  const long = leaseIn(await locks.acquire({ environment: "long", ttl: seconds(25 * DAY) }));
  const waiter = { environment: "long", requestId: "waiter", queueTimeout: seconds(25 * DAY) };
  await locks.acquire(waiter);
  const check = async () => {
    const { state, ttlRemaining } = leaseIn(await locks.getLease({ leaseId: long.id }));
    expect(state).toBe(LeaseState.HELD);
    expect(Number(ttlRemaining?.seconds)).toBeGreaterThan(24 * DAY);
    expect(leaseIn(await locks.acquire(waiter)).position).toBe(1);
  };
  await check();
  // What is due meanwhile is not held up.
  await locks.acquire({ environment: "short", ttl: seconds(1) });
  expect(leaseIn(await locks.acquire({ environment: "short", wait: seconds(60) })).state).toBe(LeaseState.HELD);
  await check();
  await server.kill9();
  await server.restart();
  await check();
  expect(server.lines.join("\n")).not.toContain("TimeoutOverflowWarning");
});

describe.concurrent("a start", () => {
  test("gives a lease time to be renewed, once until it is", async () => {
    const { server, locks } = await startWith(["uat"]);
    await using _ = server;
    const { id, expiresAt } = leaseIn(await locks.acquire({ environment: "uat", ttl: seconds(30) }));
    const afterRestart = async () => {
      await server.kill9();
      await server.restart();
      return timeOf(leaseIn(await locks.getLease({ leaseId: id })).expiresAt);
    };
    const first = await afterRestart();
    expect(first).toBeGreaterThan(timeOf(expiresAt));
    expect([await afterRestart(), await afterRestart()]).toEqual([first, first]);
    const renewed = timeOf(leaseIn(await locks.renew({ leaseId: id })).expiresAt);
    expect(renewed).toBeGreaterThan(first);
    expect(await afterRestart()).toBeGreaterThan(renewed);
  });

  test("after a start does not hold an environment for a dead holder for ever", async () => {
    const { server, locks } = await startWith(["uat"]);
    await using _ = server;
    const dead = leaseIn(await locks.acquire({ environment: "uat", ttl: seconds(2) }));
    for (let state: LeaseState = dead.state; state === LeaseState.HELD; ) {
      await server.kill9();
      await server.restart();
      state = leaseIn(await locks.getLease({ leaseId: dead.id })).state;
    }
    expect(leaseIn(await locks.getLease({ leaseId: dead.id })).endReason).toBe(EndReason.EXPIRED);
    expect(leaseIn(await locks.acquire({ environment: "uat" })).state).toBe(LeaseState.HELD);
  });
});

const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
if (library === undefined) console.warn("test/faults: jumps of the wall clock were NOT TESTED: libfaketime is missing");

describe.skipIf(library === undefined)("a wall clock that jumps", () => {
  /** A server whose wall clock can be set, in seconds beside the true time, while it runs. */
  async function startWithClock(names: readonly string[]) {
    const file = path.join(directory(), "shift");
    const shift = (by: number) => writeFileSync(file, `${by < 0 ? "" : "+"}${by}`);
    shift(0);
    const env = { LD_PRELOAD: library ?? "", FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
    const started = await startWith(names, env);
    const jump = async (by: number) => {
      shift(by);
      const date = async () => Date.parse((await fetch(`${started.server.url}/healthz`)).headers.get("date") ?? "");
      await eventually(async () => Math.abs((await date()) - Date.now() - by * 1_000) < 60_000);
    };
    return { ...started, jump };
  }

  test.each([
    ["an hour back", -3_600],
    ["a day ahead", DAY],
  ])("%s ends no lease early or late, and changes no order, also over a restart", async (_, by) => {
    const { server, locks, jump } = await startWithClock(["uat", "short"]);
    await using _server = server;
    const ask = async (name: string) => leaseIn(await locks.acquire({ environment: "uat", requestId: name, ttl: seconds(60) }));
    const stand = async (names: readonly string[]) => {
      const positions: number[] = [];
      for (const name of names) positions.push((await ask(name)).position);
      return positions;
    };
    const holder = await ask("holder");
    expect(await stand(["b", "c"])).toEqual([1, 2]);
    const asked = performance.now();
    const short = leaseIn(await locks.acquire({ environment: "short", ttl: seconds(2) }));
    await jump(by);
    expect(leaseIn(await locks.getLease({ leaseId: short.id })).endReason).toBe(EndReason.UNSPECIFIED);
    const after = leaseIn(await locks.acquire({ environment: "short", wait: seconds(60), ttl: seconds(60) }));
    expect(after.state).toBe(LeaseState.HELD);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(2_000);
    expect(fenceOf(after)).toBeGreaterThan(fenceOf(short));
    expect(await stand(["d", "c", "b"])).toEqual([3, 2, 1]);

    await server.kill9();
    await server.restart();
    expect(await stand(["e", "d", "c", "b", "holder"])).toEqual([4, 3, 2, 1, 0]);
    await jump(0);
    expect(await stand(["f", "e", "d", "c", "b"])).toEqual([5, 4, 3, 2, 1]);
    expect(leaseIn(await locks.renew({ leaseId: holder.id })).state).toBe(LeaseState.HELD);
    await locks.release({ leaseId: holder.id });
    const next = await ask("b");
    expect(next.state).toBe(LeaseState.HELD);
    expect(fenceOf(next)).toBeGreaterThan(fenceOf(holder));
  });

  // Rule 1: five steps of priority are worth 50 minutes of waiting.
  test("a flood of priority 5 is ahead of one of priority 0 for 50 minutes, and no longer", async () => {
    const { server, locks, jump } = await startWithClock(["uat"]);
    await using _server = server;
    const patient = { ticketTtl: seconds(DAY), claimTimeout: seconds(3_600) };
    const ask = async (requestId: string, priority: number) =>
      leaseIn(await locks.acquire({ environment: "uat", requestId, priority, ...patient }));
    const holders = [await ask("holder", 0)];
    const patiently = await ask("patient", 0);
    const flood = async (minutes: number) => {
      await jump(minutes * 60);
      // What time it is the server asks at a start.
      await server.kill9();
      await server.restart();
      const names = Array.from({ length: 20 }, (_, index) => `urgent-${minutes}-${index}`);
      const leases = await Promise.all(names.map((name) => ask(name, 5)));
      return new Set(leases.map(({ id }) => id));
    };
    const floods = [await flood(0), await flood(49), await flood(51)];
    expect((await ask("patient", 0)).position).toBe(41);
    for (let holder = holders.shift(); holder !== undefined; holder = holders.shift()) {
      await locks.release({ leaseId: holder.id });
      const { environments } = await locks.check({ environment: "uat" });
      const next = environments[0]?.holders[0]?.leaseId ?? "";
      if (next === patiently.id) break;
      expect(floods[2]?.has(next)).toBe(false);
      expect(floods[0]?.delete(next) || floods[1]?.delete(next)).toBe(true);
      holders.push(leaseIn(await locks.renew({ leaseId: next })));
    }
    expect(floods.map((left) => left.size)).toEqual([0, 0, 20]);
  });
});

/** Starts a call every 250 ms, as a holder does that renews; the calls, which may be open still. */
function everyQuarterSecond<T>(times: number, call: (turn: number) => Promise<T>): Promise<{ readonly calls: Promise<T>[] }> {
  const calls: Promise<T>[] = [];
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      calls.push(call(calls.length));
      if (calls.length < times) return;
      clearInterval(timer);
      resolve({ calls });
    }, 250);
  });
}

function timeOf(time: Parameters<typeof timestampMs>[0] | undefined): number {
  if (time === undefined) throw new Error("the time is missing");
  return timestampMs(time);
}
