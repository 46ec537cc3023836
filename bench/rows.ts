// What sizes.ts and together.ts measure: each function brings a size about, and answers with the milliseconds that the thing itself took.
import { EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { EnvironmentState } from "../gen/ts/callme/v1/types_pb.ts";
import type { Server } from "../test/outside/server.ts";
import { AT_ONCE, Caller } from "./caller.ts";
import { timed } from "./growth/room.ts";

const { acquire, release, check } = LockService.method;
const { applyEnvironments, deleteEnvironment, setEnvironmentState } = EnvironmentService.method;

/** What a row is measured with. */
export interface Bench {
  readonly server: Server;
  readonly caller: Caller;
}

/** Offers, or holds, on an environment: all that were there to be served have been. */
async function served(caller: Caller, environment: string, count: number): Promise<void> {
  for (;;) {
    const status = (await caller.call(check, { environment })).environments[0];
    if ((status?.used ?? 0) >= count) return;
  }
}

export async function chain({ caller }: Bench, size: number): Promise<number> {
  const pool = `chain-${size}`;
  const environments = Array.from({ length: size + 1 }, (_, index) => ({ name: `${pool}/${index}`, pool }));
  await caller.call(applyEnvironments, { environments });
  await caller.many(size, (index) =>
    caller.call(acquire, {
      needs: [{ environment: `${pool}/${index}` }, { environment: `${pool}/${index + 1}` }],
      requestId: `${pool}-${index}`,
    }),
  );
  return await timed(() => caller.call(check, { pool }));
}

export async function maintenance({ caller }: Bench, size: number): Promise<number> {
  const environment = `maintenance-${size}`;
  await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment }] });
  await caller.call(setEnvironmentState, { environment, state: EnvironmentState.MAINTENANCE });
  await caller.many(size, (index) => caller.call(acquire, { environment, requestId: `${environment}-${index}` }));
  return await timed(async () => {
    await caller.call(setEnvironmentState, { environment, state: EnvironmentState.AVAILABLE });
    await served(caller, environment, size);
  });
}

/** After a start all leases have the same least ttl, so they end at the same moment. */
export async function expiry({ server }: Bench, size: number): Promise<number> {
  const environment = `expiry-${size}`;
  const lockDelay = { seconds: 0n };
  {
    using caller = new Caller(server);
    await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment, lockDelay }] });
    const ttl = { seconds: 5n };
    await caller.many(size, (index) => caller.call(acquire, { environment, requestId: `h-${size}-${index}`, ttl }));
    await caller.many(size, (index) => caller.call(acquire, { environment, requestId: `w-${size}-${index}` }));
  }
  await server.kill9();
  await server.restart();
  using caller = new Caller(server);
  const waiting = async () => (await caller.call(check, { environment })).environments[0]?.queueLength ?? 0;
  while ((await waiting()) > 0);
  // The end came at some moment of the last call but one; what it cost is what the last one waited.
  return await timed(() => caller.call(check, { environment }));
}

export async function grants({ caller }: Bench, size: number): Promise<number> {
  const environment = `grants-${size}`;
  await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment }] });
  return await timed(() => caller.many(size, (index) => caller.call(acquire, { environment, requestId: `${environment}-${index}` })));
}

/** Pairs of Acquire and Release after so many pools have come and gone. */
export async function deletedPools({ caller }: Bench, size: number): Promise<number> {
  const names = Array.from({ length: size }, (_, index) => `gone-${size}-${index}`);
  for (let from = 0; from < size; from += 500) {
    const part = names.slice(from, from + 500);
    await caller.call(applyEnvironments, { environments: part.map((name) => ({ name, pool: name })) });
    await caller.many(part.length, (index) => caller.call(deleteEnvironment, { environment: part[index] ?? "" }));
  }
  return await timed(() =>
    caller.many(1_000, async (index) => {
      const { lease } = await caller.call(acquire, { environment: `pair-${index % AT_ONCE}`, wait: { seconds: 60n } });
      await caller.call(release, { leaseId: lease?.id ?? "" });
    }),
  );
}
