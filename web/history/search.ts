// What is looked for in the history; it stands in the address.
import type { Event } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { past, present, type Use } from "../parts/uses.tsx";
import { environments, insight } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { gather } from "../state/pages.ts";
import { HOUR, maybe, spanOf } from "../words/time.ts";

/** What is looked for: empty is anything. */
export interface Sought {
  readonly environment: string;
  readonly holder: string;
  readonly repository: string;
  /** Local times, as an input of date and time has them. With `at` there is no from and to. */
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

/** As the address has it. */
export function soughtIn(query: URLSearchParams): Sought {
  const of = (name: keyof Sought) => query.get(name) ?? "";
  const at = of("at");
  const [from, to] = at === "" ? [of("from"), of("to")] : ["", ""];
  return { environment: of("environment"), holder: of("holder"), repository: of("repository"), at, from, to };
}

/** What was found, newest first. */
export interface Found {
  readonly events: readonly Event[];
  /** There is more, further back. */
  readonly more: boolean;
  /** Nothing is known of what was before, if that was looked for: in ms. */
  readonly begin: number | undefined;
  /** Who held at the time `at`, and whether there are more. */
  readonly holding: readonly Use[];
  readonly holdingMore: boolean;
}

/** A time as the page shows it, which is the server's, in this machine's zone. Undefined: none is given. */
export function instant(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Why it cannot be looked for; empty: it can. */
export function wrongIn({ at, from, to }: Sought): string {
  const garbage = [at, from, to].find((text) => text !== "" && instant(text) === undefined);
  if (garbage !== undefined) return `“${garbage}” is no time: give one as 2026-11-30T15:00.`;
  return (instant(from) ?? 0) > (instant(to) ?? Infinity) ? "From is after Until: nothing is between them." : "";
}

/** Times as a filter takes them. */
export function within(since: number | undefined, until: number | undefined) {
  return { ...(since !== undefined && { since: spanOf(since) }), ...(until !== undefined && { until: spanOf(until) }) };
}

/** Looks for it, `reach` times as far as at first. Rejects with the server's refusal. */
export async function search(sought: Sought, reach: number, signal: AbortSignal): Promise<Found> {
  const { environment, holder, at, from, to } = sought;
  const moment = instant(at);
  const [since, until] = moment === undefined ? [instant(from), instant(to)] : [moment - HOUR / 2, moment + HOUR / 2];
  let begin: number | undefined;
  const [held, happened] = await Promise.all([
    moment === undefined ? { found: [], more: false } : holdersAt(sought, moment, signal),
    gather(reach, async (page) => {
      const filter = { environment, holder, ...within(since, until) };
      const { events, nextPageToken, coversFrom } = await insight.listEvents({ filter, ...page }, { signal });
      begin = maybe(coversFrom);
      return [events.filter((event) => fits(sought, event)), nextPageToken];
    }),
  ]);
  const isShort = !happened.more && begin !== undefined && begin > (moment ?? since ?? 0);
  return {
    events: happened.found,
    more: happened.more,
    begin: isShort ? begin : undefined,
    holding: held.found,
    holdingMore: held.more,
  };
}

/** So far is looked for who had something: thousands. */
const REACH = 10;

/** Whoever held something at a time: they still do, or their leases have ended since. */
async function holdersAt(sought: Sought, moment: number, signal: AbortSignal) {
  const { environment, holder } = sought;
  if (moment > serverTime()) return { found: [], more: false };
  // First who holds now: who gives it back in between is told of twice, not never.
  const now = await gather(REACH, async (page) => {
    const filter = { environment, holder, states: [LeaseState.HELD] };
    const { leases, nextPageToken } = await environments.listLeases({ filter, ...page }, { signal });
    return [leases.filter((lease) => fits(sought, lease) && (maybe(lease.grantedAt) ?? Infinity) <= moment), nextPageToken];
  });
  const ended = await gather(REACH, async (page) => {
    const { events, nextPageToken } = await insight.listEvents(
      { filter: { environment, holder, heldAt: spanOf(moment) }, ...page },
      { signal },
    );
    return [events.filter((event) => fits(sought, event)), nextPageToken];
  });
  const before = past(ended.found);
  const over = new Set(before.map(({ lease }) => lease));
  const still = present(now.found, environment).filter(({ lease }) => !over.has(lease));
  return { found: [...still, ...before], more: now.more || ended.more };
}

/** The server looks for everything but a part of the repository's name. */
function fits({ repository }: Sought, { holder }: Pick<Event, "holder">): boolean {
  return repository === "" || (holder?.repository.toLowerCase().includes(repository.toLowerCase()) ?? false);
}
