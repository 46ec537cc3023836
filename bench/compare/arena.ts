/** Measures a section: starts its subjects afresh, has them contend, and makes the table. */
import { fdatasyncs, startEmpty, transactions } from "./floors.ts";
import { type Cores, isInstalled } from "./machine.ts";
import { PEERS } from "./peers.ts";
import { type Contestant, contest, loaded, median, type Plan, type Sample } from "./rounds.ts";
import type { Floor, Row, Section, Subject } from "./sections.ts";
import type { Package, Running } from "./servers.ts";
import { table } from "./table.ts";

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

/** What was found, in Markdown. */
export async function measure(section: Section, setting: Setting): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const servers = new Map<Subject, Running>();
  const server = async (subject: Subject) => {
    const found = servers.get(subject) ?? stack.use(await start(subject, setting));
    servers.set(subject, found);
    return found;
  };
  const contestants = new Map<string, Contestant>();
  const rows = section.rows
    .filter(setting.wanted)
    .filter((row) => setting.beside !== undefined || !("subject" in row) || row.subject !== "beside");
  for (const [number, row] of rows.entries()) {
    if (lacking(row) !== undefined) continue;
    setting.say(`${row.name} starts`);
    const contestant =
      "floor" in row
        ? await alone(row.floor)
        : await loaded(await server(row.subject), { ...row.order, prefix: `bench-${number}` }, setting.cores);
    contestants.set(row.name, stack.use(contestant));
  }
  return present(section, rows, await contest(contestants, setting));
}

async function start(subject: Subject, { own, beside }: Setting): Promise<Running> {
  switch (subject) {
    case "direct":
    case "indirect":
      return await own.start(subject === "direct");
    case "beside":
      if (beside === undefined) throw new Error("there is no other checkout");
      return await beside.start(true);
    case "emptyGrpc":
      return await startEmpty("grpc");
    case "emptyJson":
      return await startEmpty("json");
    default:
      return await PEERS[subject].start();
  }
}

async function alone(floor: Floor): Promise<Contestant> {
  return floor === "fdatasync" ? fdatasyncs() : await transactions(floor);
}

/** What to install so that it can be measured; undefined if it can. */
function lacking(row: Row): string | undefined {
  const peer = Object.entries(PEERS).find(([name]) => "subject" in row && row.subject === name)?.[1];
  return peer === undefined || isInstalled(peer.program) ? undefined : `not installed (Debian: apt-get install ${peer.debian})`;
}

function present(section: Section, rows: readonly Row[], samples: ReadonlyMap<string, readonly Sample[]>): string {
  const { columns, yardstick, facts } = section;
  const cells = (row: Row): string[] => {
    const own = samples.get(row.name);
    if (own === undefined) return [`${row.name}: ${lacking(row)}`, ...columns.map(() => "")];
    const to = samples.get(row.to ?? yardstick) ?? [];
    return [row.name, ...columns.map(({ cell }) => cell(own, to))];
  };
  const others = median([...samples.values()].flat().map((sample) => sample.others));
  const told = `Others used ${Math.round(100 * others)} % of the servers' core meanwhile`;
  const disturbed = Number.isNaN(others)
    ? []
    : [others < 0.1 ? `${told}.` : `${told}: trust the CPU times, and not what is counted by the clock.`];
  return `${table(["", ...columns.map(({ head }) => head)], rows.map(cells))}\n${[...facts(samples), ...disturbed].filter((each) => each !== undefined).join(" ")}\n`;
}
