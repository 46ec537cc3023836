// What an environment's view asks of the server, beside what the watch tells.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Environment } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { type EnvironmentStatus, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { useLoaded, usePaced } from "../parts/loaded.ts";
import { environments } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { later } from "../state/seen.ts";
import { HOUR, maybe } from "../words/time.ts";

/** An environment with all who have it, wait for it, or have reserved it. */
export interface Detail {
  readonly environment: Environment;
  readonly holding: readonly Lease[];
  /** Not all of them are told. */
  readonly moreHolding: boolean;
  readonly moreWaiting: boolean;
  /** In the order in which they are served. */
  readonly waiting: readonly Lease[];
  /** By their beginning. */
  readonly reserved: readonly Lease[];
}

/** So many of those who have it, and of those in line, are shown. */
const MOST = 200;

/** Reads it. Rejects with the server's refusal. */
async function detailOf(name: string, signal: AbortSignal): Promise<Detail> {
  const list = (...states: LeaseState[]) => environments.listLeases({ filter: { environment: name, states }, pageSize: MOST }, { signal });
  const [{ environment }, held, queued] = await Promise.all([
    environments.getEnvironment({ environment: name }, { signal }),
    list(LeaseState.HELD, LeaseState.OFFERED),
    list(LeaseState.QUEUED),
  ]);
  if (environment === undefined) throw new Error(`the server told nothing of ${name}`);
  const waits = queued.leases;
  const now = serverTime();
  const early = (lease: Lease) => lease.position === 0 && (maybe(lease.notBefore) ?? 0) > now;
  return {
    environment,
    holding: held.leases,
    moreHolding: held.nextPageToken !== "",
    moreWaiting: queued.nextPageToken !== "",
    waiting: waits.filter((lease) => !early(lease)).sort((a, b) => a.position - b.position),
    reserved: waits.filter(early).sort((a, b) => (maybe(a.notBefore) ?? 0) - (maybe(b.notBefore) ?? 0)),
  };
}

/** Read anew so often at most, in ms; more rarely where the answers take long, for then many ask. */
const PACE = 1_000;
const SHARE = 20;
/** So long before a lease would end it is looked whether it was renewed: a watch does not tell that. */
const BEFORE = 3_000;

/** An environment's detail, as it changes. */
export function useDetail({ name }: EnvironmentStatus, change: unknown) {
  const took = useRef(0);
  const paced = usePaced(change, Math.max(PACE, SHARE * took.current));
  const due = useSignal(0);
  const told = useLoaded((signal) => detailOf(name, signal), [paced, due.value]);
  const loaded = told.value;
  took.current = loaded.took;
  useEffect(() => {
    const nearest = Math.min(...(loaded.value?.holding.map(endOf) ?? []));
    if (nearest === Infinity) return;
    return later(Math.min(HOUR, Math.max(PACE * 2, nearest - BEFORE - serverTime())), () => {
      due.value += 1;
    });
  }, [loaded]);
  return told;
}

/** When a lease ends unless it is renewed; not of one that no renewal moves. */
function endOf({ expiresAt, latestEnd }: Lease): number {
  const end = maybe(expiresAt) ?? Infinity;
  return end < (maybe(latestEnd) ?? Infinity) ? end : Infinity;
}
