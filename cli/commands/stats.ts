import type { Duration } from "@bufbuild/protobuf/wkt";
import { timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import { type GetStatsResponse, GetStatsResponseSchema, GroupBy, type StatsRow } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { ClientCommand } from "../base.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { localTime, serverTime } from "../words/clock.ts";
import { csvRow } from "../words/csv.ts";
import { milliseconds, parseDuration, spell } from "../words/duration.ts";
import { fullTime, readWindow } from "../words/moment.ts";

const GROUPS: Readonly<Record<string, GroupBy>> = {
  environment: GroupBy.ENVIRONMENT,
  pool: GroupBy.POOL,
  repository: GroupBy.REPOSITORY,
};
const COLUMNS = [
  ...["grants", "utilisation", "wait_p50_s", "wait_p95_s", "wait_max_s", "hold_p50_s", "hold_p95_s", "hold_max_s"],
  ...["expired", "forced", "abandoned", "covers_from"],
];

/** `call-me stats`: how much environments are used, and how long one waits for them. */
export class StatsCommand extends ClientCommand {
  static override paths = [["stats"]];
  static override usage = Command.Usage({
    description: "Show how much environments are used, and for how long one waits for them and holds them",
    details: `
      USED is the time for which slots were held by the time for which there were slots. Of waits and holds the median is shown, and what 95 of
      100 did not exceed. What is still held counts as far as it lies in the window.
    `,
    examples: [
      ["The last 7 days, by environment", "$0 stats"],
      ["Which repositories use uat most", "$0 stats uat --by repository --window 30d"],
      ["By the label tier, for a spreadsheet", "$0 stats --by label:tier --csv > stats.csv"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  window = Option.String("--window", { description: "So far back: 7d, the default" });
  since = Option.String("--since", { description: "Or from this time on: monday 0:00" });
  until = Option.String("--until", { description: "Up to this time; default: now" });
  by = Option.String("--by", "environment", { description: "environment, pool, repository or label:KEY" });
  pool = Option.String("--pool", { description: "Only of this pool" });
  holder = Option.String("--holder", { description: "Only of leases of this holder" });
  principal = Option.String("--principal", { description: "Only of leases that this key asked for" });
  csv = Option.Boolean("--csv", false, { description: "As CSV on stdout: lengths in seconds, times in UTC" });

  protected async perform(): Promise<number> {
    if (this.json && this.csv) throw Failure.usage("give --json or --csv, not both");
    if (this.window !== undefined && this.since !== undefined) throw Failure.usage("give --window or --since, not both");
    const group = groupOf(this.by);
    const window = this.window === undefined ? undefined : parseDuration("--window", this.window);
    const { insight } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    // An answer tells the server's time, so that a wrong clock on this side shifts nothing.
    if (this.since !== undefined || this.until !== undefined) await this.persist(() => insight.listEvents({ pageSize: 1 }, call));
    const { since, until } = readWindow(this.since, this.until, Date.now());
    const filter = {
      ...{ environment: this.environment ?? "", pool: this.pool ?? "", holder: this.holder ?? "", principal: this.principal ?? "" },
      ...(since !== undefined && { since: serverTime(since) }),
      ...(until !== undefined && { until: serverTime(until) }),
    };
    const answer = await this.persist(() => insight.getStats({ filter, ...group, ...(window && { window }) }, call));
    if (this.json) this.output.json(GetStatsResponseSchema, answer);
    else if (this.csv) this.write(answer);
    else this.show(answer);
    return EXIT.done;
  }

  private write({ rows }: GetStatsResponse): void {
    this.output.raw([this.by.replace(/:.*/, ""), ...COLUMNS].join(","));
    for (const { key, grants, utilisation, wait, hold, expired, forced, abandoned, coversFrom } of rows)
      this.output.raw(
        csvRow(
          [
            ...[key, `${grants}`, utilisation.toFixed(4)],
            ...[wait?.p50, wait?.p95, wait?.max, hold?.p50, hold?.p95, hold?.max].map(secondsOf),
            ...[`${expired}`, `${forced}`, `${abandoned}`, coversFrom === undefined ? "" : timestampDate(coversFrom).toISOString()],
          ],
          this.output.isLogged,
        ),
      );
  }

  private show({ rows }: GetStatsResponse): void {
    if (rows.length === 0) this.output.word("there is nothing to count");
    else
      this.output.table({
        heading: [this.by.replace(/^label:/, "").toUpperCase(), "GRANTS", "USED", "WAIT P50", "P95", "HOLD P50", "P95"],
        rows: rows.map((row) => ({ cells: cellsOf(row), details: [troublesOf(row)].filter(Boolean) })),
        cut: [0],
      });
    const begins = rows.flatMap(({ coversFrom }) => (coversFrom === undefined ? [] : [timestampMs(coversFrom)]));
    const earliest = rows.find(({ coversFrom }) => coversFrom !== undefined && timestampMs(coversFrom) === Math.min(...begins))?.coversFrom;
    if (earliest !== undefined) this.output.word(`counted from ${fullTime(localTime(earliest))} on`);
  }
}

function cellsOf({ key, grants, utilisation, wait, hold }: StatsRow): string[] {
  const length = (value: Duration | undefined) => (value === undefined ? "" : spell(milliseconds(value)));
  return [
    ...[key || "(none)", `${grants}`, `${Math.round(utilisation * 100)} %`],
    ...[length(wait?.p50), length(wait?.p95), length(hold?.p50), length(hold?.p95)],
  ];
}

/** "2 expired, 1 forced": what did not end well. */
function troublesOf({ expired, forced, abandoned }: StatsRow): string {
  const all = [`${expired} expired`, `${forced} ended by force`, `${abandoned} abandoned in line`];
  return all.filter((text) => !text.startsWith("0 ")).join(", ");
}

function secondsOf(length: Duration | undefined): string {
  return length === undefined ? "" : (milliseconds(length) / 1_000).toFixed(3);
}

function groupOf(text: string): { groupBy: GroupBy; labelKey: string } {
  const labelKey = text.startsWith("label:") ? text.slice("label:".length) : "";
  if (labelKey !== "") return { groupBy: GroupBy.LABEL, labelKey };
  const groupBy = Object.hasOwn(GROUPS, text) ? GROUPS[text] : undefined;
  if (groupBy === undefined) throw Failure.usage(`--by ${JSON.stringify(text)} is none of environment, pool, repository and label:KEY`);
  return { groupBy, labelKey };
}
