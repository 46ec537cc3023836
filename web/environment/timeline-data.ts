// Who had an environment when, from the ends of leases and from who has it now.
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Outage, past, type Use } from "../parts/uses.tsx";
import { insight } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { maybe, spanOf } from "../words/time.ts";

/** What happened to an environment within a time. */
export interface Past {
  readonly since: number;
  readonly uses: readonly Use[];
  readonly outages: readonly Outage[];
  /** From when on nothing is missing, where that is later than `since`. */
  readonly missing: number | undefined;
}

const ENDS = [EventKind.RELEASED, EventKind.EXPIRED, EventKind.WITHDRAWN, EventKind.SUPERSEDED, EventKind.FORCE_RELEASED];

/** Reads so far back, the newest thousand of it. */
export async function pastOf(environment: string, back: number, signal: AbortSignal): Promise<Past> {
  const since = serverTime() - back;
  const filter = { environment, since: spanOf(since) };
  const kinds = [...ENDS, EventKind.STATE_CHANGED];
  const [{ events, nextPageToken, coversFrom }, before] = await Promise.all([
    insight.listEvents({ filter: { ...filter, kinds }, pageSize: 1_000 }, { signal }),
    insight.listEvents({ filter: { environment, kinds: [EventKind.STATE_CHANGED], until: spanOf(since) }, pageSize: 1 }, { signal }),
  ]);
  const outages: Outage[] = [];
  for (const { kind, time, state, reason } of [...before.events, ...events.toReversed()]) {
    if (kind !== EventKind.STATE_CHANGED) continue;
    const [at, open] = [maybe(time) ?? since, outages.at(-1)];
    if (open !== undefined && open.to === undefined) outages.splice(-1, 1, { ...open, to: at });
    if (state !== EnvironmentState.AVAILABLE) outages.push({ from: at, to: undefined, state, reason });
  }
  const told = nextPageToken === "" ? (maybe(coversFrom) ?? since) : (maybe(events.at(-1)?.time) ?? since);
  return {
    since,
    uses: past(events),
    outages: outages.filter(({ to }) => to === undefined || to > since),
    missing: told > since ? told : undefined,
  };
}

/** Puts uses that overlap below each other: each with its lane, at most `most` of them; what has no lane is left out. */
export function lanes(uses: readonly Use[], most: number): { readonly use: Use; readonly lane: number }[] {
  const ends: number[] = [];
  return [...uses]
    .sort((a, b) => a.from - b.from)
    .flatMap((use) => {
      const free = ends.findIndex((end) => end <= use.from);
      const lane = free < 0 ? ends.length : free;
      if (lane >= most) return [];
      ends[lane] = use.to ?? Infinity;
      return [{ use, lane }];
    });
}
