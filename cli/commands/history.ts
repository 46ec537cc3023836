import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type Event,
  type EventFilter,
  EventFilterSchema,
  EventKind,
  EventSchema,
  ListEventsResponseSchema,
} from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { allPages } from "../calls/pages.ts";
import { CALL_TIMEOUT, type Environments, type Insight } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { localTime, serverTime } from "../words/clock.ts";
import { EVENT_COLUMNS, eventCsv, eventRow, heldRow } from "../words/happened.ts";
import { fullTime, readPast, readWindow } from "../words/moment.ts";

/** How many events are told, unless asked otherwise; a file gets all. */
const USUAL = 50;
const PAGE = 1_000;

/** `call-me history`: what happened, newest first, or who held an environment at a time. */
export class HistoryCommand extends ClientCommand {
  static override paths = [["history"]];
  static override usage = Command.Usage({
    description: "Show what happened, newest first; or with --at who held an environment then",
    details: `
      Times are by this machine's clock and time zone: 15:00 or tuesday 15:00 (the last), yesterday 15:00, 2026-11-24 15:00,
      2026-11-24T15:00+01:00, or 2h for two hours ago. Kinds are granted, released, expired, force_released, state_changed and so on.

      It shows the newest 50; --csv and --ndjson write all of them unless --limit is given.
    `,
    examples: [
      ["What happened on uat", "$0 history uat"],
      ["Who had uat last Tuesday at 15:00?", "$0 history uat --at 'tuesday 15:00'"],
      ["What was ended by force this week", "$0 history --kind force_released --since 7d"],
      ["What a key was refused", "$0 history --kind refused --principal key:k3v9w1x2y4"],
      ["As a table for a spreadsheet", "$0 history --since 30d --csv > events.csv"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  at = Option.String("--at", { description: "Who held it at this time" });
  since = Option.String("--since", { description: "Only from this time on: yesterday 9:00, or 2h" });
  until = Option.String("--until", { description: "Only before this time" });
  kinds = Option.Array("--kind", [], { description: "Only events of this kind; may be repeated" });
  holder = Option.String("--holder", { description: "Only of leases of this holder" });
  principal = Option.String("--principal", { description: "Only what this one did, and its leases: admin, or key:ID" });
  subject = Option.String("--subject", { description: "Only about this key, method or pool: a key's id, or ForceRelease" });
  leaseId = Option.String("--lease", { description: "Only of this lease" });
  pool = Option.String("--pool", { description: "Only of this pool" });
  limit = Option.String("--limit", { description: `At most so many, the newest; default ${USUAL}` });
  csv = Option.Boolean("--csv", false, { description: "As CSV on stdout, times in UTC" });
  ndjson = Option.Boolean("--ndjson", false, { description: "As one JSON document a line on stdout" });

  protected async perform(): Promise<number> {
    if ([this.json, this.csv, this.ndjson].filter(Boolean).length > 1) throw Failure.usage("give one of --json, --csv and --ndjson");
    const kinds = this.kinds.map(kindOf);
    const limit = this.limit === undefined ? undefined : numberOf(this.limit);
    if (this.at !== undefined && [this.since, this.until, this.limit].some((one) => one !== undefined))
      throw Failure.usage("--at is a time by itself; leave --since, --until and --limit out");
    const { insight, environments } = await this.connect();
    const plain = create(EventFilterSchema, {
      ...{ environment: this.environment ?? "", pool: this.pool ?? "", holder: this.holder ?? "", kinds },
      ...{ principal: this.principal ?? "", leaseId: this.leaseId ?? "", subject: this.subject ?? "" },
    });
    // Its answer tells the server's time, so that a wrong clock on this side shifts nothing.
    await this.persist(() => insight.listEvents({ pageSize: 1 }, this.call));
    if (this.at !== undefined) return await this.tellHeld(insight, environments, plain, this.at);
    const { since, until } = readWindow(this.since, this.until, Date.now());
    const filter = {
      ...plain,
      ...(since !== undefined && { since: serverTime(since) }),
      ...(until !== undefined && { until: serverTime(until) }),
    };
    return this.csv || this.ndjson ? await this.write(insight, filter, limit) : await this.show(insight, filter, limit ?? USUAL);
  }

  private get call() {
    return { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
  }

  /** Newest first, page by page, at most so many; each with when the history begins. */
  private async *read(insight: Insight, filter: EventFilter, limit: number) {
    let [pageToken, left] = ["", limit];
    do {
      const request = { filter, pageToken, pageSize: Math.min(PAGE, left) };
      const page = await this.persist(() => insight.listEvents(request, this.call));
      yield page;
      left -= page.events.length;
      pageToken = left > 0 ? page.nextPageToken : "";
    } while (pageToken !== "");
  }

  private async show(insight: Insight, filter: EventFilter, limit: number): Promise<number> {
    const answer = create(ListEventsResponseSchema);
    for await (const page of this.read(insight, filter, limit)) {
      answer.events.push(...page.events);
      answer.nextPageToken = page.nextPageToken;
      if (page.coversFrom) answer.coversFrom = page.coversFrom;
    }
    const { events, nextPageToken, coversFrom } = answer;
    if (this.json) this.output.json(ListEventsResponseSchema, answer);
    else if (events.length > 0) {
      const everywhere = this.environment === undefined;
      const heading = ["TIME", "WHAT", ...(everywhere ? ["ENVIRONMENT"] : []), "TOOK", "WHO"];
      this.output.table({ heading, rows: events.map((event) => eventRow(event, everywhere)) });
    } else this.output.word("nothing of that happened");
    if (nextPageToken !== "") this.output.word(`these are the newest ${events.length}; there are more: --limit, --since`);
    this.tellBegin(coversFrom, filter.since ?? undefined, nextPageToken === "");
    return EXIT.done;
  }

  /** Where the history does not go back as far as it was asked. */
  private tellBegin(coversFrom: Timestamp | undefined, since: Timestamp | undefined, isAll: boolean): void {
    const begin = coversFrom === undefined ? 0 : timestampMs(coversFrom);
    if (isAll && (since === undefined || timestampMs(since) < begin) && coversFrom !== undefined)
      this.output.word(`the history goes back to ${fullTime(localTime(coversFrom))}`);
  }

  private async write(insight: Insight, filter: EventFilter, limit = Number.POSITIVE_INFINITY): Promise<number> {
    if (this.csv) this.output.raw(EVENT_COLUMNS.join(","));
    for await (const { events } of this.read(insight, filter, limit))
      for (const event of events) {
        await this.output.room(this.interruption);
        if (this.csv) this.output.raw(eventCsv(event, this.output.isLogged));
        else this.output.sparseLine(EventSchema, event);
      }
    return EXIT.done;
  }

  private async tellHeld(insight: Insight, environments: Environments, plain: EventFilter, text: string): Promise<number> {
    const moment = readPast("--at", text, Date.now());
    if (moment > Date.now()) throw Failure.usage(`--at ${JSON.stringify(text)} is ${fullTime(moment)}, which is ahead; give a past time`);
    const at = serverTime(moment);
    const filter = { ...plain, heldAt: at };
    const pages = await allPages((page) => this.persist(() => insight.listEvents({ filter, ...page }, this.call)));
    const { environment, pool, holder } = plain;
    const states = [LeaseState.HELD];
    const query = { environment, pool, holder, states };
    const live = await allPages((page) => this.persist(() => environments.listLeases({ filter: query, ...page }, this.call)));
    const still = live.flatMap(({ leases }) => leases.flatMap((lease) => (wasHeld(lease, plain, at) ? asEvents(lease, environment) : [])));
    const events = [...still, ...pages.flatMap((page) => page.events)];
    const coversFrom = pages[0]?.coversFrom;
    if (this.json)
      this.output.json(ListEventsResponseSchema, create(ListEventsResponseSchema, { events, ...(coversFrom && { coversFrom }) }));
    else if (this.csv)
      for (const line of [EVENT_COLUMNS.join(","), ...events.map((event) => eventCsv(event, this.output.isLogged))]) this.output.raw(line);
    else if (this.ndjson) for (const event of events) this.output.sparseLine(EventSchema, event);
    else if (events.length > 0) {
      const everywhere = this.environment === undefined;
      const heading = ["SINCE", "UNTIL", "ENDED", ...(everywhere ? ["ENVIRONMENT"] : []), "WHO"];
      this.output.table({ heading, rows: events.map((event) => heldRow(event, everywhere)) });
    }
    // A misreading of the time is seen.
    const who = events.length === 0 ? "nobody held" : "this is who held";
    this.output.word(`${who} ${this.environment ?? "anything"} at ${fullTime(moment)}`);
    this.tellBegin(coversFrom, at, true);
    return EXIT.done;
  }
}

function wasHeld({ grantedAt, principal, id }: Lease, filter: EventFilter, at: Timestamp): boolean {
  if ((filter.leaseId || id) !== id || (filter.principal || principal) !== principal) return false;
  return grantedAt !== undefined && timestampMs(grantedAt) <= timestampMs(at);
}

/** A lease that is still held, as the events of its grant. */
function asEvents(lease: Lease, environment: string): Event[] {
  const { id: leaseId, pool, holder, principal, principalLabel, reason, createdAt, grantedAt } = lease;
  const at = { ...(createdAt && { createdAt }), ...(grantedAt && { grantedAt, time: grantedAt }) };
  const told = { kind: EventKind.GRANTED, leaseId, pool, principal, principalLabel, reason, ...(holder && { holder }), ...at };
  return lease.environments
    .filter(({ name }) => (environment || name) === name)
    .map(({ name, slots, fencingToken }) => create(EventSchema, { ...told, environment: name, slots, revision: fencingToken }));
}

function kindOf(text: string): EventKind {
  const word = text.toUpperCase().replaceAll(/[- ]/g, "_");
  const kind = Object.entries(EventKind).find(([name, value]) => name === word && value !== EventKind.UNSPECIFIED)?.[1];
  if (kind !== undefined) return kind;
  const known = Object.keys(EventKind).slice(1).join(", ").toLowerCase();
  throw Failure.usage(`--kind ${JSON.stringify(text)} is none of ${known}`);
}

function numberOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw Failure.usage(`--limit ${JSON.stringify(text)} is no number from 1 on`);
}
