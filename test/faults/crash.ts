// A server that is killed again and again at work, and what its clients may expect of it.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import { expect } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, seconds, TRANSPORTS, type TransportName } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { type Outcome, violations } from "./history.ts";
import { Load, randomFrom, sightOf } from "./load.ts";

const CAPACITIES = { "uat-1": 1, "uat-2": 1, "uat-3": 1, "board/a": 2, "Farm.x": 3 };
const NAMES = Object.keys(CAPACITIES);
const STATES = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD, LeaseState.ENDED];

/** How a server at work comes to its end; resolves when it has. */
export type Ending = (server: Server) => Promise<void>;

export const killed: Ending = (server) => server.kill9();

/** By SIGTERM; throws unless it drains. */
export const stopped: Ending = async (server) => {
  const since = performance.now();
  expect(await server.stop()).toBe(0);
  // A promise of the contract: a supervisor that waits 10 s need not kill. What is still open after 8 s is cut off.
  expect(performance.now() - since).toBeLessThan(10_000);
};

/** Ends the server at work `rounds` times; after each its store must be sound, and the history of all clients good. */
export async function endAtWork(end: Ending, rounds: number, clients: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  await using server = await Server.start();
  const admin = clientsOf(server);
  const { environments } = admin;
  await environments.applyEnvironments({
    environments: Object.entries(CAPACITIES).map(([name, capacity]) => ({ name, capacity, lockDelay: seconds(0) })),
  });
  const doors = (Object.keys(TRANSPORTS) as TransportName[]).map((name) => clientsOf(server, name).locks);
  const load = new Load(doors, NAMES, clients, random);
  const judge = async (when: string) => {
    const outcome = await outcomeOf(admin);
    expect(violations(load.calls, outcome), `${when}, seed ${seed}`).toEqual([]);
    return outcome;
  };
  for (let round = 1; round <= rounds; round++) {
    await load.answered(Math.floor(random() * 300));
    await end(server);
    await load.pause();
    expect(integrityOf(server.directory), `round ${round}, seed ${seed}`).toBe("ok");
    await server.restart();
    await judge(`round ${round}`);
    load.resume();
  }
  await load.finish();
  // Who lost sight of its lease has a second left of it, and a minute at most of a place in line.
  await eventually(async () => (await judge("at the end")).environments.every(({ used, waiting }) => used + waiting === 0), 90_000);
}

/** What a store that was left by a killed server looks like to SQLite. Looks at a copy: to open the store would repair it. */
function integrityOf(directory: string): unknown {
  const copy = mkdtempSync(path.join(os.tmpdir(), "call-me-copy-"));
  try {
    for (const name of ["call-me.db", "call-me.db-wal"])
      if (existsSync(path.join(directory, name))) copyFileSync(path.join(directory, name), path.join(copy, name));
    const db = new Database(path.join(copy, "call-me.db"));
    const verdict = db.pragma("integrity_check", { simple: true });
    db.close();
    return verdict;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** All leases and environments, as they were at one moment. */
async function outcomeOf({ locks, environments }: Clients): Promise<Outcome> {
  for (;;) {
    const before = await locks.check({ pool: "default" });
    const leases: Outcome["leases"][number][] = [];
    for (let pageToken = "", more = true; more; more = pageToken !== "") {
      const page = await environments.listLeases({ filter: { states: STATES }, pageSize: 1_000, pageToken });
      for (const lease of page.leases)
        leases.push({ ...sightOf(lease), want: lease.holder?.name ?? "", environment: lease.environments[0]?.name ?? "" });
      pageToken = page.nextPageToken;
    }
    const asked = performance.now();
    const after = await locks.check({ pool: "default" });
    // Nothing has expired meanwhile.
    if (!isSame(before, after)) continue;
    const status = after.environments.map(({ name, capacity, used, queueLength: waiting }) => ({ name, capacity, used, waiting }));
    return { asked, leases, environments: status };
  }
}

function isSame(one: object, other: object): boolean {
  const text = (value: object) => JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}` : part));
  return text(one) === text(other);
}
