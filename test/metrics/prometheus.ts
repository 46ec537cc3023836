// Prometheus' own tool, which evaluates our alerts over scrapes of a server.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onMachine, root } from "../../scripts/tools.ts";
import { namedIn } from "./promql.ts";
import type { Sample, Scrape } from "./scrape.ts";

/** Whether promtool is on the machine (Debian: prometheus). */
export const hasPromtool = onMachine("promtool");

const ALERTS = path.join(root, "deploy/prometheus/alerts.yaml");
/** In minutes: how long it was as it was before, and after, each beside the time for which it must be like that. */
const BEFORE = 5;
const AFTER = 10;
/** What tells how old something is: it grows for as long as the fault lasts, which is so many minutes more. */
const AGES: ReadonlySet<string> = new Set(["callme_notices_oldest_seconds", "callme_history_behind_seconds"]);
const AGEING = 20;

/** What alerts.yaml says of an alert, as far as it matters here. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
}

/** What was scraped; "down": nothing could be. */
export type Seen = Scrape | "down";

/** Runs promtool; throws what it says where it is not content. */
export function promtool(args: readonly string[], input = ""): void {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`promtool ${args.join(" ")}: ${stdout}${stderr}`);
}

/**
 * Whether an alert fires, and whether any fired before: for some minutes the server was as `before`, and then for long enough as `after`.
 * Throws with what promtool says.
 */
export function mustFire({ alert, expr, for: lasting = "0m" }: Rule, before: Seen, after: Seen): void {
  const names = new Set(namedIn(expr).map(({ name }) => name));
  const span = Number.parseInt(lasting, 10) * (lasting.endsWith("h") ? 60 : 1);
  const quiet = BEFORE + span;
  const minutes = AFTER + span + ([...names].some((name) => AGES.has(name)) ? AGEING : 0);
  const series = new Map<string, { labels: object; before?: number; after?: number }>();
  const put = (when: "before" | "after", { name, labels, value }: Sample) => {
    const at = `${name}{${[...Object.entries(labels), ["job", "call-me"], ["instance", "here"]].map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(",")}}`;
    series.set(at, { labels, ...series.get(at), [when]: value });
  };
  for (const [when, seen] of Object.entries({ before, after }) as ["before" | "after", Seen][]) {
    put(when, { name: "up", labels: {}, value: seen === "down" ? 0 : 1 });
    for (const sample of seen === "down" ? [] : seen.samples) if (names.has(sample.name)) put(when, sample);
  }
  const values = (value: number | undefined, count: number, more = 0) =>
    value === undefined ? `_x${count}` : `${value}+${more}x${count - 1}`;
  const input_series = [...series].map(([at, one]) => {
    const grows = AGES.has(at.split("{")[0] ?? "") && (one.after ?? 0) > 0;
    return { series: at, values: `${values(one.before, quiet)} ${values(one.after, minutes, grows ? 60 : 0)}` };
  });
  const firing = `ALERTS{alertname="${alert}", alertstate="firing"}`;
  const promql_expr_test = [
    { expr: `count(${firing}) or vector(0)`, eval_time: `${quiet - 1}m`, exp_samples: [{ labels: "{}", value: 0 }] },
    {
      expr: `count(max_over_time(${firing}[2d])) > bool 0 or vector(0)`,
      eval_time: `${quiet + minutes - 1}m`,
      exp_samples: [{ labels: "{}", value: 1 }],
    },
  ];
  tested([{ interval: "1m", input_series, promql_expr_test }]);
}

/** What an alert says of a series that has a value for so long; throws with what promtool says where it is not that. */
export function mustSay(alert: string, series: string, value: number, minutes: number, told: object): void {
  const alert_rule_test = [{ eval_time: `${minutes}m`, alertname: alert, exp_alerts: [told] }];
  tested([{ interval: "1m", input_series: [{ series, values: `${value}x${minutes}` }], alert_rule_test }]);
}

function tested(tests: readonly object[]): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-alerts-"));
  try {
    const file = path.join(folder, "test.yaml");
    writeFileSync(file, JSON.stringify({ rule_files: [ALERTS], evaluation_interval: "1m", tests }));
    promtool(["test", "rules", file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
