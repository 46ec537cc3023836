/** When a waiter may expect its turn, by how long others have held what it waits for. Pure. */

import type { Forecast, HoldTimes } from "./hold-times.ts";
import { latestEnd, leaseOf } from "./ledger.ts";
import type { Lease } from "./model/lease.ts";
import { isSelecting, sitesOf } from "./model/needs.ts";
import type { Pool, Site } from "./model/pool.ts";
import { rankOf } from "./model/rank.ts";
import { isOutOfService } from "./model/site.ts";
import type { Micros } from "./model/units.ts";
import { lookedFor, standingOf } from "./standing.ts";

/** An estimate: one of two such waits ends by `p50`, nine of ten by `p90`. */
export interface Estimate {
  readonly p50: Micros;
  readonly p90: Micros;
  /** On how many past holds it rests; where it waits for several environments, on those of the one that it knows least of. */
  readonly samples: number;
  /** How long half of these took at most. */
  readonly medianHold: Micros;
}

/** To how much a guess is exact. */
const STEP = 100_000;

type TimesOf = (environment: string) => HoldTimes | undefined;

/** The 90th percentile of a normal distribution, in its deviations. */
const P90 = 1.2816;
/** At how many of what a selector matches one looks. */
const SOME = 16;
/** At how many of those on an environment one looks. */
const LOOKED = 10;

/**
 * The estimate of a QUEUED lease; undefined where too little is known: of an environment, of a state that somebody has to end, of a waiter that
 * was passed over. It takes those ahead to hold for as long as others did before, and to give back what it wants. O(needs · log n).
 */
export function estimateOf(pool: Pool, lease: Lease, time: Micros, timesOf: TimesOf): Estimate | undefined {
  // All who ask at about the same time are told the same.
  const now = time - (time % STEP);
  if (lease.state !== "QUEUED" || lease.passedOver === true || lease.early === true) return undefined;
  const forecast = (site: Site, ahead: number) => {
    const times = isOutOfService(site.environment) ? undefined : timesOf(site.environment.config.name);
    return times && turnOn(pool, site, times, ahead, now);
  };
  const parts = sitesOf(pool, lease).map(({ site }) => forecast(site, site.line.rank(rankOf(lease))));
  if (isSelecting(lease)) parts.push(anyOf(lookedFor(pool, lease).slice(parts.length, parts.length + SOME), pool, lease, forecast));
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0 || known.length < parts.length) return undefined;
  // It is served when the last of them is free.
  const { p50, p90, samples, medianHold } = known.reduce(later);
  return { p50: Math.round(now + p50), p90: Math.round(now + Math.max(p50, p90)), samples, medianHold: Math.round(medianHold) };
}

/** Of what a selector matches any will do, once those ahead have had theirs. */
function anyOf(
  sites: readonly Site[],
  pool: Pool,
  lease: Lease,
  forecast: (site: Site, ahead: number) => Forecast | undefined,
): Forecast | undefined {
  const known = sites.map((site) => forecast(site, 0)).filter((one) => one !== undefined);
  if (known.length === 0) return undefined;
  const first = known.reduce(sooner);
  const rounds = ((standingOf(pool, lease).position - 1) / known.length) * first.mean;
  return { ...first, p50: first.p50 + rounds, p90: first.p90 + rounds };
}

/** How long it takes until somebody with so many ahead of it in the line has its turn. */
function turnOn(pool: Pool, site: Site, times: HoldTimes, ahead: number, now: Micros): Forecast {
  const { capacity } = site.environment.config;
  // Of many slots the first that is free will do: so many holds must end, and they end so many times as often.
  const present = capacity === 1 ? restOf(pool, site, times, now) : undefined;
  const holds = present === undefined && site.occupants.size > 0 ? ahead + 1 : ahead;
  const { mean, variance, samples, medianHold } = times;
  if (holds === 0) return present ?? { p50: 0, p90: 0, mean, variance: 0, samples, medianHold };
  const expected = ((present?.mean ?? 0) + holds * mean) / capacity;
  const deviation = Math.sqrt((present?.variance ?? 0) + holds * variance) / capacity;
  return { p50: expected, p90: expected + P90 * deviation, mean, variance, samples, medianHold };
}

/** How much longer who has it now will have it, by those who had it for as long as that. */
function restOf(pool: Pool, site: Site, times: HoldTimes, now: Micros): Forecast | undefined {
  let rest: Forecast | undefined;
  for (const id of site.occupants.values().take(LOOKED)) {
    const lease = leaseOf(pool, id);
    const most = (latestEnd(lease) ?? Number.POSITIVE_INFINITY) - now;
    const one = times.after(now - (lease.grantedAt ?? now), Math.max(0, most));
    if (rest === undefined || one.p50 > rest.p50) rest = one;
  }
  return rest;
}

function later(a: Forecast, b: Forecast): Forecast {
  const last = b.p50 > a.p50 ? b : a;
  return { ...last, p90: Math.max(a.p90, b.p90), samples: Math.min(a.samples, b.samples) };
}

function sooner(a: Forecast, b: Forecast): Forecast {
  const first = b.p50 < a.p50 ? b : a;
  return { ...first, p90: Math.min(a.p90, b.p90), samples: a.samples + b.samples };
}
