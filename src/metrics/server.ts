/** The figures of the server as a whole. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { limits } from "../core/limits.ts";
import { type Batch, type Called, type Ended, isFault, type Stranger } from "../engine/observer.ts";
import type { Views } from "../engine/views.ts";
import type { StoreFailure, StoreFailureReason } from "../store/store.ts";
import { type Backlogs, NoticeFigures } from "./notices.ts";

/** As OpenTelemetry's conventions for calls advise. */
const CALLS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const COMMITS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

const FAILURES = [
  ...(["STORAGE_FULL", "STORAGE_FAILED", "STORAGE_LOST"] as const),
  ...(["OUTCOME_UNKNOWN", "STORE_CLOSED"] as const),
] satisfies readonly StoreFailureReason[];
const SHOWN = ["nothing", "wrong key"] satisfies readonly Stranger["showed"][];

/** What it tells of that nobody reports to it. */
export interface Present {
  readonly views: Pick<Views, "totals" | "keys" | "now">;
  /** Whether new work is welcome. */
  readonly ready: () => boolean;
  /** How many notices there are. */
  readonly notices: () => Promise<Backlogs>;
  /** For how many milliseconds the history has lacked something. */
  readonly historyBehind: () => number;
}

/** What is counted of calls, commits and refusals. Before `present` is set, nobody is told of the rest. */
export class ServerFigures {
  present: Present | undefined;
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #calls = new Histogram({
    registers: this.#registers,
    name: "rpc_server_call_duration_seconds",
    help: "How long calls took, until their answer was known; of one that may wait in line, with the waiting.",
    labelNames: ["rpc_system_name", "rpc_method", "rpc_response_status_code", "error_type"],
    buckets: CALLS,
  });
  readonly #requests = new Histogram({
    registers: this.#registers,
    name: "http_server_request_duration_seconds",
    help: "How long requests took that are no calls of methods.",
    labelNames: ["http_request_method", "http_route", "http_response_status_code", "error_type"],
    buckets: CALLS,
  });
  readonly #streams = new Gauge({
    registers: this.#registers,
    name: "callme_streams_open",
    help: "Watches that are open.",
    labelNames: ["rpc_method"],
  });
  readonly #commits = new Histogram({
    registers: this.#registers,
    name: "callme_commit_duration_seconds",
    help: "How long transactions took that were stored, until they were on disk.",
    buckets: COMMITS,
  });
  readonly #unstored = new Counter({
    registers: this.#registers,
    name: "callme_commits_failed_total",
    help: "Transactions that were not stored.",
  });
  readonly #batches = new Histogram({
    registers: this.#registers,
    name: "callme_commit_commands",
    help: "Commands in each transaction that was stored.",
    buckets: BATCHES,
  });
  readonly #failures = new Counter({
    registers: this.#registers,
    name: "callme_store_failures_total",
    help: "What the store could not do, by why.",
    labelNames: ["reason"],
  });
  readonly #errors = new Counter({
    registers: this.#registers,
    name: "callme_errors_total",
    help: "Calls that failed by the server's own fault.",
  });
  readonly #refusals = new Counter({
    registers: this.#registers,
    name: "callme_calls_refused_total",
    help: "Calls that would have changed something and were refused for who asked.",
  });
  readonly #strangers = new Counter({
    registers: this.#registers,
    name: "callme_strangers_total",
    help: "Calls of nobody who is known, by what they showed.",
    labelNames: ["showed"],
  });
  readonly #stood = new Counter({
    registers: this.#registers,
    name: "callme_clock_stood_seconds_total",
    help: "For how long the server's clock stood still, because the process did or the disk did not take what was written.",
  });

  readonly notices = new NoticeFigures(this.#registers, () => this.present?.views.now() ?? 0);

  constructor(version: string) {
    // A monitoring system sees a first time as a change only where there was a zero before.
    for (const reason of FAILURES) this.#failures.inc({ reason }, 0);
    for (const showed of SHOWN) this.#strangers.inc({ showed }, 0);
    const tell = () => this.present;
    const registers = this.#registers;
    new Gauge({
      ...{ registers, name: "callme_ready", help: "1: takes new work; 0: it is stopping, or its store is not well." },
      collect() {
        this.set(tell()?.ready() ? 1 : 0);
      },
    });
    new Gauge({
      ...{ registers, name: "callme_used", help: "How much there is of what the server has limits for.", labelNames: ["what"] },
      collect() {
        const { totals, keys } = tell()?.views ?? {};
        for (const [what, count] of Object.entries({ ...totals, keys: keys?.size ?? 0 })) this.set({ what }, count);
      },
    });
    new Gauge({
      ...{ registers, name: "callme_history_behind_seconds", help: "For how long the history has lacked something that was committed." },
      collect() {
        this.set((tell()?.historyBehind() ?? 0) / 1_000);
      },
    });
    const build = new Gauge({ registers, name: "callme_build_info", help: "1, with the version.", labelNames: ["version"] });
    build.set({ version }, 1);
    const most = new Gauge({ registers, name: "callme_limit", help: "How much there can be of it.", labelNames: ["what"] });
    for (const what of ["environments", "leases", "waiters"] as const) most.set({ what }, limits[what].total);
    for (const what of ["pools", "keys"] as const) most.set({ what }, limits[what]);
  }

  called({ system, method, streams }: Called): Ended {
    const began = performance.now();
    if (streams === true) this.#streams.inc({ rpc_method: method });
    return (code) => {
      if (streams === true) this.#streams.dec({ rpc_method: method });
      if (code === "INTERNAL" || code === "500") this.#errors.inc();
      const seconds = (performance.now() - began) / 1_000;
      const type = isFault(code) ? { error_type: code } : undefined;
      if (system !== "http")
        this.#calls.observe({ rpc_system_name: system, rpc_method: method, rpc_response_status_code: code, ...type }, seconds);
      else {
        const [verb = "", route = ""] = method.split(" ");
        this.#requests.observe({ http_request_method: verb, http_route: route, http_response_status_code: code, ...type }, seconds);
      }
    };
  }

  decided({ commands, milliseconds, stored }: Batch): void {
    if (!stored) {
      this.#unstored.inc();
      return;
    }
    this.#commits.observe(milliseconds / 1_000);
    this.#batches.observe(commands);
  }

  failed({ reason }: StoreFailure): void {
    this.#failures.inc({ reason });
  }

  refused(): void {
    this.#refusals.inc();
  }

  unknown({ showed }: Stranger): void {
    this.#strangers.inc({ showed });
  }

  /** The clock stood still for so many seconds. */
  stood(seconds: number): void {
    this.#stood.inc(seconds);
  }

  /** All as text, with those of the process. */
  async text(): Promise<string> {
    if (this.present !== undefined) await this.notices.look(this.present.notices);
    return `${await this.#registry.metrics()}\n${await ofProcess().metrics()}\n`;
  }
}

let registry: Registry | undefined;

/** Of the process there is one. What they take begins when somebody first asks for them. */
function ofProcess(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
