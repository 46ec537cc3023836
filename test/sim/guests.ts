/** Those who call with a key that may have one lease at a time, and that is revoked now and then. */
import type { Lease } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { Views } from "../../src/engine/views.ts";
import { expectThat } from "./seen.ts";

export const GUEST = "guest";
export const QUOTA = { name: GUEST, most: 1 };

/** A quota holds over all pools, whatever was asked for at once: of those that it counts there is one, and the engine knows how many there are. */
export function checkQuotas(views: Views): void {
  const counted = [...views.pools()].flatMap(({ leases }) => [...leases.values()].filter(isCounted));
  const known = views.counted(QUOTA.name);
  expectThat(known === counted.length, `${known} are counted, and there are ${counted.length}`);
  expectThat(counted.length <= QUOTA.most, `${counted.map(({ id }) => id)} are live at once, and one of them may be`);
}

/** Nothing waits for a key that was revoked; `held`: nor does it have anything. */
export function checkRevoked({ leases }: Pool, held: boolean): void {
  const left = [...leases.values()].find(({ principal, state }) => principal === GUEST && (held || state !== "HELD"));
  expectThat(left === undefined, `${left?.id} is ${left?.state} for a key that is revoked`);
}

function isCounted({ principal, cancelRequested }: Lease): boolean {
  return principal === GUEST && cancelRequested === undefined;
}
