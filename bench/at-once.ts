import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import type { Server } from "../test/outside/server.ts";
import { Caller } from "./caller.ts";
import { Crowd, Pulse } from "./crowd.ts";
import type { Report } from "./readers.ts";
import { type Bench, chain, deletedPools, grants, maintenance } from "./rows.ts";

const { acquire, release } = LockService.method;

/** So many changes of an environment at a rate, each of them told to all who watch it; the revision of the last. */
async function changes(caller: Caller, environment: string, count: number, everyMs: number): Promise<number> {
  let revision = 0n;
  for (let turn = 0; turn < count / 2; turn++) {
    const { lease } = await caller.call(acquire, { environment });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const end = await caller.call(release, { leaseId: lease?.id ?? "" });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    revision = end.lease?.revision ?? revision;
  }
  return Number(revision);
}

/** How much of each thing there is. */
export interface Sizes {
  readonly watches: number;
  /** Watches that share one connection. */
  readonly crowded: number;
  readonly deaf: number;
  readonly returning: number;
  /** Events that they come back over. */
  readonly log: number;
  readonly changes: number;
  readonly chain: number;
  readonly maintenance: number;
  readonly grants: number;
  readonly pools: number;
}

export interface Outcome {
  readonly seconds: number;
  /** The longest /healthz meanwhile, and what each thing took, in ms. */
  readonly pulse: number;
  readonly check: number;
  readonly maintained: number;
  readonly granted: number;
  readonly watched: Report;
  readonly crowded: Report;
}

/** Everything that sizes.ts and watchers.ts measure one after the other, at once on one server; resolves when everybody knows everything. */
export async function atOnce(server: Server, sizes: Sizes): Promise<Outcome> {
  using caller = new Caller(server);
  await using pulse = new Pulse(server);
  const bench: Bench = { server, caller };
  using watchers = new Crowd();
  using crowded = new Crowd();
  using deaf = new Crowd();
  using returning = new Crowd();
  const since = await changes(caller, "log", 2, 0);
  await caller.many(sizes.log / 2, async (index) => {
    const { lease } = await caller.call(acquire, { environment: `log-${index % 200}`, wait: { seconds: 60n } });
    await caller.call(release, { leaseId: lease?.id ?? "" });
  });
  await changes(caller, "uat", 2, 0);
  await watchers.open(server, { environment: "uat", streams: sizes.watches, connections: Math.ceil(sizes.watches / 100) });
  await crowded.open(server, { environment: "uat", streams: sizes.crowded, connections: 1 });
  await deaf.open(server, { environment: "uat", streams: sizes.deaf, connections: Math.ceil(sizes.deaf / 100), deaf: true });
  await pulse.longest();

  const start = performance.now();
  const [revision, check, maintained, granted] = await Promise.all([
    changes(caller, "uat", sizes.changes, 100),
    chain(bench, sizes.chain),
    maintenance(bench, sizes.maintenance),
    grants(bench, sizes.grants),
    deletedPools(bench, sizes.pools),
    returning.open(server, { pool: "default", since, streams: sizes.returning, connections: Math.ceil(sizes.returning / 10) }),
  ]);
  const reach = { do: "reach", revision } as const;
  const [watched, near] = await Promise.all([watchers.order(reach), crowded.order(reach)]);
  await returning.order(reach);
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, pulse: await pulse.longest(), check, maintained, granted, watched, crowded: near };
}
