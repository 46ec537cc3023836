/** Measures a section: starts its subjects afresh, has them contend, and makes the table. */
import { type Cores, isInstalled } from "./machine.ts";
import { PEERS } from "./peers.ts";
import { type Contestant, contest, loaded, median, type Plan, ratio, type Sample } from "./rounds.ts";
import type { Row, Section, Subject } from "./sections.ts";
import type { Package, Running } from "./servers.ts";
import { figure, table } from "./table.ts";

/** What there is to measure, and how. */
export interface Setting {
  readonly cores: Cores | undefined;
  readonly plan: Plan;
  readonly own: Package;
  /** Another checkout's. */
  readonly beside: Package | undefined;
  /** Whether a row is wanted. */
  readonly wanted: (row: Row) => boolean;
  readonly say: (progress: string) => void;
}

/** The section's table, in Markdown. */
export async function measure(section: Section, setting: Setting): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const servers = new Map<Subject, Running>();
  const server = async (subject: Subject) => {
    const found = servers.get(subject) ?? stack.use(await start(subject, setting));
    servers.set(subject, found);
    return found;
  };
  const contestants = new Map<string, Contestant>();
  const rows = section.rows.filter((row) => (row.subject !== "beside" || setting.beside !== undefined) && setting.wanted(row));
  for (const [number, row] of rows.entries()) {
    if (lacking(row.subject) !== undefined) continue;
    setting.say(`${row.name} starts`);
    const order = { ...row.order, prefix: `bench-${number}` };
    contestants.set(row.name, stack.use(await loaded(await server(row.subject), order, setting.cores)));
  }
  const samples = await contest(contestants, setting.plan, (progress) => setting.say(progress));
  return present(section, rows, samples);
}

async function start(subject: Subject, { own, beside }: Setting): Promise<Running> {
  if (subject === "direct" || subject === "indirect") return await own.start(subject === "direct");
  if (subject !== "beside") return await PEERS[subject].start();
  if (beside === undefined) throw new Error("there is no other checkout");
  return await beside.start(true);
}

/** What to install so that the subject can be measured; undefined if it can. */
function lacking(subject: Subject): string | undefined {
  if (subject === "direct" || subject === "indirect" || subject === "beside") return undefined;
  const { program, debian } = PEERS[subject];
  return isInstalled(program) ? undefined : `not installed (Debian: apt-get install ${debian})`;
}

function present(section: Section, rows: readonly Row[], samples: ReadonlyMap<string, readonly Sample[]>): string {
  const { unit, yardstick: name } = section;
  const head = ["", `× ${name}`, "by CPU", `${unit}/s`, "µs of CPU each", "its core, %", "the load's core, %", "p50, ms", "p99, ms"];
  const yardstick = samples.get(name) ?? [];
  const cells = (row: Row): string[] => {
    const own = samples.get(row.name);
    if (own === undefined) return [`${row.name}: ${lacking(row.subject)}`, ...head.slice(1).map(() => "")];
    const middle = (pick: (sample: Sample) => number) => figure(median(own.map(pick)));
    const percent = (pick: (sample: Sample) => number) => Math.round(100 * median(own.map(pick))).toString();
    return [
      row.name,
      figure(ratio(own, yardstick, ({ rate }) => rate)),
      figure(1 / ratio(own, yardstick, ({ cpu }) => cpu)),
      middle(({ rate }) => rate),
      middle(({ cpu }) => cpu),
      percent(({ busy }) => busy),
      percent(({ load }) => load),
      middle(({ p50 }) => p50),
      middle(({ p99 }) => p99),
    ];
  };
  return table(head, rows.map(cells));
}
