// What is looked for in the history; it stands in the address.
import { type Event, EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { insight } from "../state/calls.ts";
import { DAY, spanOf } from "../words/time.ts";

/** What is looked for: empty is anything. */
export interface Sought {
  readonly environment: string;
  readonly holder: string;
  readonly repository: string;
  /** Local times, as an input of date and time has them. */
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

export const FIELDS = ["environment", "holder", "repository", "at", "from", "to"] as const;

/** As the address has it. */
export function soughtIn(query: URLSearchParams): Sought {
  const { environment, holder, repository, at, from, to } = Object.fromEntries(query);
  return {
    environment: environment ?? "",
    holder: holder ?? "",
    repository: repository ?? "",
    at: at ?? "",
    from: from ?? "",
    to: to ?? "",
  };
}

/** What was found, newest first. */
export interface Found {
  readonly events: readonly Event[];
  /** There is more, further back. */
  readonly more: boolean;
  /** Who held at the time `at`: the ends of their leases. */
  readonly holding: readonly Event[];
}

const PAGE = 200;
/** So many pages are looked through for a repository, which the server does not look for by itself. */
const PAGES = 20;

/** A time as the page shows it, which is the server's, in this machine's zone. Undefined: none is given. */
function instant(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** Looks for it. Rejects with the server's refusal. */
export async function search({ environment, holder, repository, at, from, to }: Sought, signal: AbortSignal): Promise<Found> {
  const moment = instant(at);
  const whose = { environment, holder };
  const [since, until] = moment === undefined ? [instant(from), instant(to)] : [moment - DAY / 48, moment + DAY / 48];
  const filter = { ...whose, ...(since !== undefined && { since: spanOf(since) }), ...(until !== undefined && { until: spanOf(until) }) };
  const holding =
    moment === undefined
      ? []
      : (await insight.listEvents({ filter: { ...whose, heldAt: spanOf(moment) }, pageSize: PAGE }, { signal })).events;
  const fits = (event: Event) => repository === "" || (event.holder?.repository.toLowerCase().includes(repository.toLowerCase()) ?? false);
  const events: Event[] = [];
  let pageToken = "";
  for (let page = 0; page < PAGES && events.length < PAGE; page += 1) {
    const answer = await insight.listEvents({ filter, pageSize: PAGE, pageToken }, { signal });
    events.push(...answer.events.filter(fits));
    pageToken = answer.nextPageToken;
    if (pageToken === "") break;
  }
  return { events: events.filter(({ kind }) => kind !== EventKind.UNSPECIFIED), more: pageToken !== "", holding: holding.filter(fits) };
}
