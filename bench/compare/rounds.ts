/** The contest: who takes part is warmed, then all take turns, and of each figure the middle one of the rounds counts. */
import { Load, type Order } from "./load.ts";
import { busyOf, type Cores, cpuOf } from "./machine.ts";
import type { Running } from "./servers.ts";

/** How long each is warmed and measured, in seconds, and how often. */
export interface Plan {
  readonly warm: number;
  readonly seconds: number;
  readonly rounds: number;
}

export const FULL: Plan = { warm: 10, seconds: 4, rounds: 5 };
/** To try something out: its figures are rough. V8 has compiled all that matters after some 3 s of full load. */
export const QUICK: Plan = { warm: 4, seconds: 1, rounds: 3 };

/** One round of one contestant. */
export interface Sample {
  /** Per second. */
  readonly rate: number;
  /** CPU time of what is measured, for each, in µs. */
  readonly cpu: number;
  /** How much of a core what is measured used, and the load: 1 is all of it. */
  readonly busy: number;
  readonly load: number;
  /** How much of the servers' core others used meanwhile. */
  readonly others: number;
  /** In ms. */
  readonly p50: number;
  readonly p99: number;
}

/** Something that can be measured for so many seconds, again and again. */
export interface Contestant extends AsyncDisposable {
  run(seconds: number): Promise<Omit<Sample, "others">>;
}

/** A server under load. */
export async function loaded(server: Running, order: Omit<Order, "address" | "key">, cores: Cores | undefined): Promise<Contestant> {
  const { address, key, pid } = server;
  const load = await Load.start({ ...order, address, ...(key !== undefined && { key }) }, cores);
  return {
    run: async (seconds) => {
      const before = cpuOf(pid);
      const report = await load.run(seconds);
      const used = cpuOf(pid) - before;
      const { calls, p50, p99 } = report;
      const share = (time: number) => time / report.seconds;
      return { rate: share(calls), cpu: (used * 1e6) / calls, busy: share(used), load: share(report.cpu), p50, p99 };
    },
    [Symbol.asyncDispose]: () => load[Symbol.asyncDispose](),
  };
}

/** The samples of each contestant by its name, a round each. */
export async function contest(
  contestants: ReadonlyMap<string, Contestant>,
  { plan, cores, say }: { readonly plan: Plan; readonly cores: Cores | undefined; readonly say: (progress: string) => void },
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  for (const [name, contestant] of contestants) {
    say(`${name} is warmed for ${plan.warm} s`);
    await contestant.run(plan.warm);
    samples.set(name, []);
  }
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [name, contestant] of contestants) {
      say(`round ${round} of ${plan.rounds}: ${name}`);
      const [start, before] = [performance.now(), cores === undefined ? Number.NaN : busyOf(cores.server)];
      const sample = await contestant.run(plan.seconds);
      const used = cores === undefined ? Number.NaN : busyOf(cores.server) - before;
      samples.get(name)?.push({ ...sample, others: Math.max(0, (used * 1_000) / (performance.now() - start) - sample.busy) });
    }
  }
  return samples;
}

/** The value below which a share `q` of the values lies. */
export function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;
}

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The middle one of the rounds' ratios of a figure: in a round both met the machine as it was just then. NaN if one was not measured. */
export function ratio(figures: readonly number[], to: readonly number[]): number {
  return median(figures.map((value, round) => value / (to[round] ?? Number.NaN)));
}
