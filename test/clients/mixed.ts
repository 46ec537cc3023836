// A fleet of all languages at once, on a few environments: never two holders, nobody is overtaken, all are served alike, fencing tokens rise.
import assert from "node:assert/strict";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import type { Language } from "./languages.ts";
import { type Said, Testee } from "./testee.ts";
import { lasts, time } from "./world.ts";

const ENVIRONMENTS = ["uat", "staging", "board"];
/** Holds that each language's process has under way at a time. */
const WORKERS = 8;
/** The longest body, in ms. */
const LONGEST = 100;
/** All workers ask for the same, so in a fair line the counts are close; whoever got less than this part of the average was passed over. */
const FAIR = 1 / 3;

interface Worker {
  readonly name: string;
  readonly number: number;
  readonly testee: Testee;
  served: number;
}

/** Who is on each environment, as the bodies themselves have it: from `held` until `finish` is sent. */
class Floor {
  readonly #holders = new Map<string, string>();
  readonly #tokens = new Map<string, bigint>();

  /** Throws if somebody is there, or the fencing token has not risen. */
  enter(environment: string, { leaseId, fencingToken }: Said): void {
    assert.equal(this.#holders.get(environment), undefined, `two holders of ${environment}: the other, and ${leaseId}`);
    const before = this.#tokens.get(environment) ?? 0n;
    assert.ok(BigInt(fencingToken) > before, `the fencing token on ${environment} went from ${before} to ${fencingToken}`);
    this.#holders.set(environment, leaseId);
    this.#tokens.set(environment, BigInt(fencingToken));
  }

  leave(environment: string): void {
    this.#holders.delete(environment);
  }
}

/** Lets each language hold as often as it can for so many seconds. Throws at the first thing that must not be; says how they went. */
export async function mixed(languages: ReadonlyMap<string, Language>, seconds: number): Promise<string> {
  const server = await Server.start();
  const testees = [...languages].flatMap(([name, { testee }]) =>
    testee === undefined ? [] : [{ name, testee: new Testee(testee, server) }],
  );
  const clients = clientsOf(server);
  const stop = new AbortController();
  try {
    await clients.environments.applyEnvironments({ environments: ENVIRONMENTS.map((name) => ({ name, capacity: 1 })) });
    const watching = watch(clients, stop.signal);
    // It is awaited at the end; what goes wrong before must not end the process.
    watching.catch(() => {});
    const floor = new Floor();
    const workers: Worker[] = testees.flatMap((one) => Array.from({ length: WORKERS }, (_, number) => ({ ...one, number, served: 0 })));
    await Promise.all(workers.map(warmUp));
    const over = performance.now() + seconds * 1_000;
    await Promise.all(workers.map((worker) => work(worker, floor, over)));
    const records = await allLeases(clients);
    stop.abort();
    await watching;
    const total = workers.reduce((sum, { served }) => sum + served, 0);
    assert.equal(records.length, total, "as many leases as holds");
    judgeRecords(records);
    judgeShares(workers, total / workers.length);
    const wait = Math.max(...records.map((lease) => time(lease.grantedAt) - time(lease.createdAt)));
    return `${total} holds in ${seconds} s, ${Math.round(wait)} ms the longest wait: ${testees.map(({ name }) => sum(name, workers)).join(", ")}`;
  } finally {
    stop.abort();
    for (const { testee } of testees) await testee.kill();
    await server[Symbol.asyncDispose]();
  }
}

/** Holds what nobody else wants, so that all programs have started, and all code has run, before it counts. */
async function warmUp({ name, number, testee }: Worker): Promise<void> {
  const hold = testee.hold([`warm-${name}-${number}`]);
  await hold.hears("held");
  assert.equal(await hold.finish(), "ok");
}

/** Holds one environment after the other until the time is over. */
async function work(worker: Worker, floor: Floor, over: number): Promise<void> {
  while (performance.now() < over) {
    const environment = ENVIRONMENTS[Math.floor(Math.random() * ENVIRONMENTS.length)] ?? "";
    const hold = worker.testee.hold([environment], { ttl: "10s" });
    floor.enter(environment, await hold.hears("held"));
    await lasts(1 + Math.random() * LONGEST);
    floor.leave(environment);
    assert.equal(await hold.finish(), "ok");
    assert.equal(hold.said("cancelled"), false);
    worker.served += 1;
  }
}

/** How often a language's workers were served, for people. */
function sum(language: string, workers: readonly Worker[]): string {
  const counts = workers.filter(({ name }) => name === language).map(({ served }) => served);
  return `${language} ${counts.reduce((sum, count) => sum + count, 0)} (${Math.min(...counts)} to ${Math.max(...counts)} a worker)`;
}

function judgeShares(workers: readonly Worker[], average: number): void {
  for (const { name, number, served } of workers)
    assert.ok(served >= average * FAIR, `worker ${number} of ${name} was served ${served} times, and the average is ${average.toFixed(1)}`);
}

/** Follows all environments until the signal aborts; throws if one has two holders. */
async function watch(clients: Clients, signal: AbortSignal): Promise<void> {
  let revision = 0n;
  try {
    for await (const change of clients.locks.watchEnvironment({ pool: "default" }, { signal })) {
      assert.ok(change.revision >= revision, `the watch went from ${revision} back to ${change.revision}`);
      revision = change.revision;
      for (const { name, used, holders } of change.environments) {
        assert.ok(used <= 1 && holders.length <= 1, `${used} slots of ${name} are in use, by ${holders.map(({ leaseId }) => leaseId)}`);
      }
    }
  } catch (error) {
    if (!signal.aborted || error instanceof assert.AssertionError) throw error;
  }
}

/**
 * What the server has on record: all released, one after the other, in the order in which they came, and the tokens in the order of the
 * grants.
 */
function judgeRecords(records: readonly Lease[]): void {
  for (const environment of ENVIRONMENTS) {
    const grants = records.filter((lease) => lease.environments[0]?.name === environment);
    grants.sort((a, b) => Number(fenceOf(a) - fenceOf(b)));
    for (const [index, lease] of grants.entries()) {
      assert.equal(lease.endReason, EndReason.RELEASED, `${lease.id} was not released`);
      const next = grants[index + 1];
      if (next === undefined) continue;
      assert.ok(time(lease.endedAt) <= time(next.grantedAt), `${next.id} was granted before ${lease.id} had ended`);
      assert.ok(time(lease.createdAt) <= time(next.createdAt), `${lease.id} has overtaken ${next.id} on ${environment}`);
    }
  }
}

/** All leases on the environments of the fleet. */
async function allLeases({ environments }: Clients): Promise<Lease[]> {
  const states = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD, LeaseState.ENDED];
  const all: Lease[] = [];
  let pageToken = "";
  do {
    const page = await environments.listLeases({ filter: { states }, pageToken });
    all.push(...page.leases);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return all.filter(({ environments: [first] }) => ENVIRONMENTS.includes(first?.name ?? ""));
}
