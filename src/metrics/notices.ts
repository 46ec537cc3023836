/** The figures of notices. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Micros } from "../core/model/units.ts";

/** How long a scrape waits for what the history's thread is asked: a question that it is at may take seconds. In milliseconds. */
const PATIENCE = 300;

/** Why notices are given up: nobody took them for a day, or their receiver refuses them, or more wait than are kept. */
const LOSSES = ["day", "refused", "overflow"] as const;

/** What waits, by rule, and since when; without a name for all that leases have named. */
export interface Backlogs {
  readonly backlogs: readonly { readonly rule: string; readonly waiting: number; readonly oldest?: Micros }[];
  /** Those that were given up, and are kept. */
  readonly dead: number;
}

/** What is counted of notices, and what there is of them, of which `look` is told. No label but the names of rules. */
export class NoticeFigures {
  #rules: readonly string[] = [""];
  #latest: Backlogs = { backlogs: [], dead: 0 };
  #asking: Promise<void> | undefined;
  readonly #delivered: Counter<"rule">;
  readonly #failed: Counter<"rule">;
  readonly #lost: Counter<"rule" | "why">;

  /** `now`: the store's time. */
  constructor(registers: Registry[], now: () => Micros) {
    const common = { registers, labelNames: ["rule"] as const };
    const latest = () => this.#backlogs();
    this.#delivered = new Counter({ ...common, name: "callme_notices_delivered_total", help: "Notices that have arrived." });
    this.#failed = new Counter({
      ...common,
      name: "callme_notices_attempts_failed_total",
      help: "Attempts to deliver a notice that have failed.",
    });
    this.#lost = new Counter({
      ...{ registers, name: "callme_notices_given_up_total", help: "Notices that were given up, by why." },
      labelNames: ["rule", "why"],
    });
    new Gauge({
      ...{ ...common, name: "callme_notices_waiting", help: "Notices that have not arrived yet." },
      collect() {
        this.reset();
        for (const { rule, waiting } of latest()) this.set({ rule }, waiting);
      },
    });
    new Gauge({
      ...{ ...common, name: "callme_notices_oldest_seconds", help: "How long ago the first of them happened; 0: none waits." },
      collect() {
        this.reset();
        for (const { rule, waiting, oldest = 0 } of latest())
          this.set({ rule }, waiting === 0 ? 0 : Math.max(0, now() - oldest) / 1_000_000);
      },
    });
    const dead = () => this.#latest.dead;
    new Gauge({
      ...{ registers, name: "callme_notices_dead", help: "Notices that were given up and are kept, until somebody tries or drops them." },
      collect() {
        this.set(dead());
      },
    });
    this.govern([]);
  }

  /** These are the rules from now on. Their series begin at zero, and those of others end. */
  govern(rules: readonly string[]): void {
    const before = this.#rules;
    this.#rules = ["", ...rules];
    for (const rule of before) if (!this.#rules.includes(rule)) this.#end(rule);
    for (const rule of this.#rules) {
      this.#delivered.inc({ rule }, 0);
      this.#failed.inc({ rule }, 0);
      for (const why of LOSSES) this.#lost.inc({ rule, why }, 0);
    }
  }

  /** One has arrived. */
  arrived(rule: string): void {
    this.#delivered.inc({ rule });
  }

  /** An attempt has failed. */
  failed(rule: string): void {
    this.#failed.inc({ rule });
  }

  /** So many were given up. */
  gaveUp(rule: string, why: (typeof LOSSES)[number], count: number): void {
    this.#lost.inc({ rule, why }, count);
  }

  /** Asks how many there are, and waits no longer than a scrape can: it goes by what was told last then. */
  async look(ask: () => Promise<Backlogs>): Promise<void> {
    this.#asking ??= ask()
      .then((told) => {
        this.#latest = told;
      })
      .catch(() => {})
      .finally(() => {
        this.#asking = undefined;
      });
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE);
    await Promise.race([this.#asking, promise]);
    clearTimeout(timer);
  }

  /** What was told last; of a rule that nothing was told of, nothing waits. */
  #backlogs(): Backlogs["backlogs"] {
    const { backlogs } = this.#latest;
    const told = new Set(backlogs.map(({ rule }) => rule));
    return [...backlogs, ...this.#rules.filter((rule) => !told.has(rule)).map((rule) => ({ rule, waiting: 0 }))];
  }

  #end(rule: string): void {
    this.#delivered.remove({ rule });
    this.#failed.remove({ rule });
    for (const why of LOSSES) this.#lost.remove({ rule, why });
  }
}
