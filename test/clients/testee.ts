// A testee: a process that does with its language's client what it is told. See README.md for the protocol.
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import type { Address } from "../outside/clients.ts";
import type { Command } from "./languages.ts";

/** Where nobody listens: no client goes through a proxy of its environment, in any scenario. */
const PROXIES = Object.fromEntries(
  ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "grpc_proxy", "GRPC_PROXY_EXP"]
    .map((name) => [name, name === "GRPC_PROXY_EXP" ? "127.0.0.1:1" : "http://127.0.0.1:1"])
    .concat([
      ["NODE_USE_ENV_PROXY", "1"],
      ["NO_PROXY", ""],
      ["no_proxy", ""],
    ]),
);

/** How long anything that must happen may take, in ms: longer than every rule of the clients. */
export const PATIENCE = 40_000;

/** A line of a testee's stdout. */
export interface Said {
  readonly id: number;
  readonly event: "waiting" | "held" | "told" | "cancelled" | "ended" | "detached" | "released";
  /** When the driver heard it, as Date.now(): later than it was said. */
  readonly at: number;
  readonly position?: number;
  readonly leaseId: string;
  readonly leaseToken: string;
  readonly fencingToken: string;
  readonly outcome?: string;
  readonly endReason?: string;
  readonly note?: string;
  readonly reason?: string;
  readonly holders?: string;
  readonly why?: string;
  readonly cause?: string;
  readonly environments?: readonly Given[];
  readonly printed?: string;
  readonly ticket?: Ticket;
  readonly by?: string;
  readonly deadline?: number;
}

type Variables = Readonly<Record<string, string>>;

/** What an environment gives, as a hold has it. */
export interface Given {
  readonly name: string;
  readonly variables: Variables;
  readonly slots: readonly { readonly index: number; readonly variables: Variables }[];
  readonly secretVariables: readonly string[];
}

/** A place in line that is handed on. */
export interface Ticket {
  readonly leaseId: string;
  readonly leaseToken: string;
  readonly requestId: string;
}

/** What is asked for: environments by name, and such by selector. */
export interface Wanted {
  readonly environments?: readonly string[];
  readonly selectors?: readonly { readonly selector: string; readonly count?: number; readonly slots?: number }[];
}

/** What a hold is told; durations as in README.md. */
export interface HoldOptions {
  readonly ttl?: string;
  readonly maxHold?: string;
  readonly queueTimeout?: string;
  readonly ticketTtl?: string;
  readonly fail?: boolean;
  readonly wait?: string;
  readonly requestId?: string;
  readonly slots?: number;
  readonly stubborn?: boolean;
  readonly run?: readonly string[];
  readonly claimTimeout?: string;
  readonly pool?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly autoClaim?: boolean;
  readonly supersedeKey?: string;
  readonly supersede?: "PENDING" | "HELD";
  readonly holder?: string;
}

/** A process that speaks the protocol. */
export class Testee {
  readonly #child: ChildProcess;
  readonly #heard = new EventEmitter();
  readonly #said: Said[] = [];
  #stderr = "";
  #orders = 0;
  #gone: string | undefined;

  /** Starts one that uses the server at an address; an empty key is none. */
  constructor({ command: [file = "", ...args], cwd, env }: Command, { url, key }: Address) {
    this.#heard.setMaxListeners(0);
    this.#child = spawn(file, args, { cwd, env: { ...process.env, ...PROXIES, ...env, CALL_ME_URL: url, CALL_ME_API_KEY: key } });
    this.#child.stderr?.on("data", (chunk) => {
      this.#stderr = `${this.#stderr}${chunk}`.slice(-4_000);
    });
    this.#child.stdin?.on("error", () => {});
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on("line", (line) => this.#hear(line));
    const leave = (how: string) => {
      this.#gone ??= how;
      this.#heard.emit("said");
    };
    this.#child.once("error", (error) => leave(`it could not be started: ${error.message}`));
    this.#child.once("exit", (code, signal) => leave(`it ended with ${code ?? signal}`));
  }

  /** Starts a hold. */
  hold(wanted: readonly string[] | Wanted, options: HoldOptions = {}): Hold {
    return this.#begin({ do: "hold", ...wantedOf(wanted), options });
  }

  /** Asks, and leaves the place in line to others; `detached` tells its ticket, `ended` what went wrong. */
  detach(wanted: readonly string[] | Wanted, options: HoldOptions = {}): Hold {
    return this.#begin({ do: "detach", ...wantedOf(wanted), options });
  }

  /** Holds what a ticket stands for. */
  pickUp(ticket: Ticket, options: HoldOptions = {}): Hold {
    return this.#begin({ do: "pickUp", ticket, options });
  }

  /** Releases by token; what became of that. */
  async release(leaseId: string, leaseToken: string, facts?: Variables): Promise<Said> {
    return await this.#begin({ do: "release", leaseId, leaseToken, facts }).hears("released");
  }

  #begin(order: object): Hold {
    this.#orders += 1;
    this.tell({ id: this.#orders, ...order });
    return new Hold(this, this.#orders);
  }

  tell(order: object): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** All that it said about a hold. */
  said(id: number): Said[] {
    return this.#said.filter((said) => said.id === id);
  }

  /** Waits until it says it, `after` so many times before, unless it says before that the hold has ended, or dies; then, or after PATIENCE, throws with all that was said. */
  async hears(id: number, event: Said["event"], after = 0): Promise<Said> {
    const timeout = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const all = this.said(id);
      const found = all.filter((said) => said.event === event)[after];
      if (found !== undefined) return found;
      const why = this.#gone ?? (all.at(-1)?.event === "ended" ? "the hold ended" : timeout.aborted ? `${PATIENCE} ms went by` : undefined);
      if (why !== undefined) throw new Error(`no "${event}" from the testee: ${why}${this.transcript(id)}`);
      await once(this.#heard, "said", { signal: timeout }).catch(() => {});
    }
  }

  /** What it said, about one hold or all, and on stderr, for people. */
  transcript(id?: number): string {
    const lines = (id === undefined ? this.#said : this.said(id)).map((said) => JSON.stringify(said));
    return ["", ...lines, ...(this.#stderr === "" ? [] : ["stderr:", this.#stderr.trimEnd()])].join("\n");
  }

  /** What it said on stderr last. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kills it, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#gone !== undefined) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  #hear(line: string): void {
    try {
      this.#said.push({ ...JSON.parse(line), at: Date.now() });
    } catch {
      this.#stderr += `not JSON on stdout: ${line}\n`;
    }
    this.#heard.emit("said");
  }
}

function wantedOf(wanted: readonly string[] | Wanted): Wanted {
  return "length" in wanted ? { environments: wanted } : wanted;
}

/** One hold of a testee. */
export class Hold {
  readonly id: number;
  readonly #testee: Testee;

  constructor(testee: Testee, id: number) {
    this.#testee = testee;
    this.id = id;
  }

  /** Waits until the testee says it; see Testee.hears. */
  async hears(event: Said["event"]): Promise<Said> {
    return await this.#testee.hears(this.id, event);
  }

  /** Waits until it has ended, and tells the outcome, with the reason if there is one: `not_acquired TIMED_OUT`. */
  async outcome(): Promise<string> {
    const { outcome, endReason, reason } = await this.hears("ended");
    return [...new Set([outcome, endReason, reason])].filter(Boolean).join(" ");
  }

  /** Whether it was said so far. */
  said(event: Said["event"]): boolean {
    return this.times(event) > 0;
  }

  /** How often it was said so far. */
  times(event: Said["event"]): number {
    return this.#testee.said(this.id).filter((said) => said.event === event).length;
  }

  /** Lets the body return, after it has blocked its thread for so long if that is given, and tells the outcome. */
  async finish(block?: string): Promise<string> {
    this.#testee.tell({ id: this.id, do: "finish", block });
    return await this.outcome();
  }

  /** Lets the body fail, and tells the outcome. */
  async fail(): Promise<string> {
    this.#testee.tell({ id: this.id, do: "fail" });
    return await this.outcome();
  }

  /** Tells facts, now or with the release; what became of that. */
  async tell(facts: Variables, when: { readonly atRelease?: boolean } = {}): Promise<string> {
    const before = this.times("told");
    this.#testee.tell({ id: this.id, do: "tell", facts, ...when });
    const { outcome = "", endReason = "" } = await this.#testee.hears(this.id, "told", before);
    return `${outcome} ${endReason}`.trim();
  }

  /** Cancels it from outside. */
  cancel(): void {
    this.#testee.tell({ id: this.id, do: "cancel" });
  }
}
