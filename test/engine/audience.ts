/** An engine over memory whose time stands still unless it is let pass, and readers of its watches. */
import type { Command, Reply } from "../../src/core/command.ts";
import type { EnvironmentStatus } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Micros, Revision } from "../../src/core/model/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Timers } from "../../src/engine/timers.ts";
import type { Listener } from "../../src/engine/watch/hub.ts";
import type { WatchMessage } from "../../src/engine/watch/message.ts";
import type { Topic } from "../../src/engine/watch/subscription.ts";
import { pulled } from "../../src/engine/watch/tell.ts";
import { watch } from "../../src/engine/watch/watch.ts";
import { LocalStore } from "../../src/store/local.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import type { Past } from "../../src/store/store.ts";
import { ADMIN, acquireCommand } from "../core/world.ts";

export const HEARTBEAT_MS = 15_000;

/** No timer may run for longer, in ms: see Timers. */
const LONGEST = 3_600_000;

/** Timers that run when they are told to. */
export class Hand implements Timers {
  now = 0;
  #timers: { readonly at: number; readonly call: () => void }[] = [];
  /** How many were ever set. */
  set = 0;

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.now + Math.min(milliseconds, LONGEST), call };
    this.set++;
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  pass(milliseconds: number): void {
    const until = this.now + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      this.#timers = this.#timers.filter((other) => other !== next);
      next.call();
    }
    this.now = until;
  }
}

/** Memory that counts how the log is read. */
class CountingMedium extends MemoryMedium {
  reads = 0;
  most = 0;
  #open = 0;

  override async past(pool: string, since: Revision, limit: number): Promise<Past> {
    this.reads++;
    this.most = Math.max(this.most, ++this.#open);
    await immediate();
    this.#open--;
    return await super.past(pool, since, limit);
  }
}

/** One turn of the event loop. */
export function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A server without a wire; `restart` begins a new life over what was stored. */
export class House {
  readonly medium = new CountingMedium();
  timers = new Hand();
  #engine: Engine | undefined;
  #now: Micros = 1_000_000_000_000;
  #leases = 0;

  static async open(): Promise<House> {
    const house = new House();
    await house.restart();
    return house;
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("not open yet");
    return this.#engine;
  }

  /** As after a kill: nothing of the old life is closed. */
  async restart(): Promise<void> {
    this.timers = new Hand();
    const clock = { now: () => this.#now, hold() {}, release() {}, stop() {} };
    this.#engine = await Engine.start(await LocalStore.open(this.medium, () => clock), this.timers);
  }

  /** Decides a command a millisecond later; throws if it is refused. */
  async do(command: Command, pool = "default"): Promise<Reply> {
    this.#now += 1_000;
    const reply = await this.engine.submit(pool, command);
    if (!reply.ok) throw new Error(reply.message);
    return reply;
  }

  async acquire(...names: string[]): Promise<Lease> {
    const { lease } = (await this.do(acquireCommand(`lease-${++this.#leases}`, names))) as { lease: Lease };
    return lease;
  }

  async release(lease: string): Promise<void> {
    await this.do({ type: "release", by: ADMIN, lease, outcome: "OK", note: "" });
  }

  /** So many changes of an environment, two at a time. */
  async change(name: string, times: number): Promise<void> {
    for (let turn = 0; turn < times; turn += 2) await this.release((await this.acquire(name)).id);
  }

  async apply(pool: string, names: readonly string[], description = ""): Promise<void> {
    const environments = names.map((name) => ({ name, pool, description, labels: {}, capacity: 1, links: {} }));
    await this.do({ type: "apply", by: ADMIN, environments, prune: false }, pool);
  }

  /** Begins a watch, resumes one behind a revision, or lets another reader come back with what it knows. */
  watch(topic: Topic, since?: Revision | Reader): Reader {
    if (typeof since !== "object") return new Reader(this, topic, since);
    const { revision, known } = since;
    const reader = new Reader(this, topic, revision === 0 ? undefined : revision);
    reader.revision = revision;
    for (const [name, status] of known) reader.known.set(name, status);
    return reader;
  }
}

/** A call whose caller goes when the signal aborts. */
export function callOf(signal: AbortSignal): Listener {
  return {
    get gone() {
      return signal.aborted;
    },
    onGone: (listener) => signal.addEventListener("abort", listener),
    timeLeft: () => undefined,
  };
}

/** A reader that pulls when it is told to. */
export class Reader {
  readonly #house: House;
  readonly #messages: AsyncGenerator<WatchMessage, void, undefined>;
  readonly #stop = new AbortController();
  revision: Revision = 0;
  /** What it knows of each environment that is there. */
  readonly known = new Map<string, EnvironmentStatus>();

  constructor(house: House, topic: Topic, since: Revision | undefined) {
    const options = { heartbeat: HEARTBEAT_MS, call: callOf(this.#stop.signal), ...(since !== undefined && { since }) };
    this.#house = house;
    this.#messages = pulled((tell) => watch(house.engine, topic, options, tell));
  }

  /** The next message; when there is nothing to tell, time passes until there is. */
  async next(): Promise<WatchMessage> {
    let told: IteratorResult<WatchMessage, void> | undefined;
    const failed = this.#messages.next().then((result) => {
      told = result;
    });
    for (let turn = 0; told === undefined && turn < 10_000; turn++) {
      await Promise.race([immediate(), failed]);
      if (turn % 10 === 9) this.#house.timers.pass(1_000);
    }
    if (told === undefined || told.done) throw new Error("the watch told nothing more");
    this.#take(told.value);
    return told.value;
  }

  /** All messages up to the first heartbeat. */
  async rest(): Promise<WatchMessage[]> {
    const messages: WatchMessage[] = [];
    for (;;) {
      const message = await this.next();
      if (message.kind === "HEARTBEAT") return messages;
      messages.push(message);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#messages.return();
  }

  #take({ kind, revision, environments, skipped }: WatchMessage): void {
    if (revision < this.revision || (revision === this.revision && kind === "CHANGE"))
      throw new Error(`${kind} ${revision} came after ${this.revision}`);
    this.revision = revision;
    if (kind === "SNAPSHOT" || skipped) this.known.clear();
    for (const status of environments) {
      if (status.deleted === true) this.known.delete(status.name);
      else this.known.set(status.name, status);
    }
  }
}
