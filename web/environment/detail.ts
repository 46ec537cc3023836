// What an environment's view asks of the server, beside what the watch tells.
import type { Environment } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { environments } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { maybe } from "../words/time.ts";

/** An environment with all who have it, wait for it, or have reserved it. */
export interface Detail {
  readonly environment: Environment;
  readonly holding: readonly Lease[];
  /** In the order in which they are served. */
  readonly waiting: readonly Lease[];
  /** By their beginning. */
  readonly reserved: readonly Lease[];
}

/** So many leases of one environment are shown. */
const MOST = 500;

/** Reads it. Rejects with the server's refusal. */
export async function detailOf(name: string, signal: AbortSignal): Promise<Detail> {
  const [{ environment }, { leases }] = await Promise.all([
    environments.getEnvironment({ environment: name }, { signal }),
    environments.listLeases({ filter: { environment: name }, pageSize: MOST }, { signal }),
  ]);
  if (environment === undefined) throw new Error(`the server told nothing of ${name}`);
  const waits = leases.filter(({ state }) => state === LeaseState.QUEUED);
  const now = serverTime();
  const early = (lease: Lease) => lease.position === 0 && (maybe(lease.notBefore) ?? 0) > now;
  return {
    environment,
    holding: leases.filter(({ state }) => state !== LeaseState.QUEUED),
    waiting: waits.filter((lease) => !early(lease)).sort((a, b) => a.position - b.position),
    reserved: waits.filter(early).sort((a, b) => (maybe(a.notBefore) ?? 0) - (maybe(b.notBefore) ?? 0)),
  };
}
