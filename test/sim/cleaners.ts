/** Those who clean what is dirty: they wait for it, lose their connections, die, and come back. */
import type { Clean, Outcome, Reply } from "../../src/core/command.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Commit } from "../../src/store/store.ts";
import { cleanCommand } from "../core/world.ts";
import type { CleanerStep } from "./dirt.ts";
import type { Judge } from "./judge.ts";
import type { Waiting } from "./life.ts";
import { Line } from "./line.ts";
import type { Machine } from "./machine.ts";
import { POOLS, poolOf } from "./pools.ts";
import { count, expectThat } from "./seen.ts";

interface Cleaner {
  line: Line;
  command: Clean | undefined;
  pool: keyof typeof POOLS;
  /** Its call is open. */
  asks: boolean;
  lease: string | undefined;
}

export class Cleaners {
  readonly #machine: Machine;
  readonly #judge: Judge;
  readonly #all = new Map<number, Cleaner>();
  /** Those whose connections break when something becomes dirty. */
  readonly #dropping = new Set<Cleaner>();
  #commands = 0;

  constructor(machine: Machine, judge: Judge) {
    this.#machine = machine;
    this.#judge = judge;
  }

  take(step: CleanerStep): void {
    const cleaner = this.#all.get(step.who) ?? { line: new Line(), command: undefined, pool: "default", asks: false, lease: undefined };
    this.#all.set(step.who, cleaner);
    if (step.what === "clean") {
      if (!cleaner.asks && cleaner.lease === undefined) void this.#ask(cleaner, step);
    } else if (step.what === "cleanerVanishes") this.#vanish(cleaner);
    else if (step.what === "cleanerDrops") this.#dropping.add(cleaner);
    else if (step.what === "cleanerFallsSilent") this.#fallSilent(cleaner, step.noticed);
    else if (cleaner.lease !== undefined) this.#act(cleaner, cleaner.lease, step.what === "cleaned" ? step.outcome : undefined);
  }

  /** Once the server has told whoever waits for it, and before anything comes of that. */
  committed({ events }: Commit): void {
    if (!events.some(({ environments }) => environments.some(({ state }) => state === "DIRTY"))) return;
    for (const cleaner of this.#dropping) {
      this.#dropping.delete(cleaner);
      queueMicrotask(() => this.#vanish(cleaner));
    }
  }

  /** The server that they called is dead. */
  restarted(): void {
    for (const cleaner of this.#all.values()) {
      cleaner.line.drop();
      Object.assign(cleaner, { line: new Line(), asks: false });
    }
  }

  /** What those ask for whose calls wait, as far as the server knows. */
  get waiting(): readonly Waiting[] {
    return [...this.#all.values()].flatMap(({ asks, pool, command }) => (asks && command !== undefined ? [{ pool, command }] : []));
  }

  /** Everything that is dirty is cleaned, by somebody who takes one after the other. */
  async cleanAll(): Promise<void> {
    for (const pool of Object.keys(POOLS) as (keyof typeof POOLS)[])
      for (;;) {
        const command = cleanCommand(`k${++this.#commands}-1`);
        const reply = await this.#judge.forgive(this.#machine.engine.clean({ pool, command }, new Line()));
        if (reply === undefined || !reply.ok) break;
        await this.#judge.forgive(this.#release(command.id, "OK"));
      }
  }

  async #ask(cleaner: Cleaner, { pool, environment, keyed, ttl, wait }: CleanerStep & { what: "clean" }): Promise<void> {
    const id = `k${++this.#commands}-1`;
    // Whoever has a request_id, and no answer, asks for the same again.
    const again = cleaner.command?.requestId === undefined ? undefined : { ...cleaner.command, id };
    const fresh = cleanCommand(id, { ttl, ...(keyed && { requestId: `clean-${id}` }), ...(environment !== undefined && { environment }) });
    if (again === undefined) cleaner.pool = environment === undefined ? pool : poolOf(environment);
    cleaner.command = again ?? fresh;
    cleaner.asks = true;
    const { line, command } = cleaner;
    const call = line.call();
    const life = this.#machine.deaths;
    const reply = await this.#judge.forgive(this.#machine.engine.clean({ pool: cleaner.pool, command, wait }, call));
    if (life !== this.#machine.deaths || cleaner.line !== line) return;
    cleaner.asks = false;
    if (reply === undefined) return;
    call.write();
    if (line.silent === "both ways") return;
    line.heard();
    this.#judge.noting(() => this.#learn(cleaner, reply));
  }

  #learn(cleaner: Cleaner, reply: Reply): void {
    cleaner.command = undefined;
    count(reply.ok ? "cleaning" : reply.reason);
    if (reply.ok) {
      expectThat(reply.lease?.state === "HELD", `a cleaner is answered ${reply.lease?.state}`);
      cleaner.lease = reply.lease?.id;
    } else
      expectThat(
        ["NOTHING_DIRTY", "LEASE_ENDED", "ENVIRONMENT_NOT_FOUND"].includes(reply.reason),
        `a cleaner is refused: ${reply.message}`,
      );
  }

  #act(cleaner: Cleaner, lease: string, outcome: Outcome | undefined): void {
    const { engine } = this.#machine;
    if (outcome === undefined) {
      const call = cleaner.line.call();
      void this.#judge.forgive(this.#judge.kept(engine.renew({ type: "renew", by: { principal: "admin" }, lease }, call)));
      return;
    }
    cleaner.lease = undefined;
    count(`cleaned ${outcome}`);
    if (outcome !== "OK") this.#judge.life.failed.add(lease);
    void this.#judge.forgive(this.#judge.givenBack(lease, this.#release(lease, outcome)));
  }

  #release(lease: string, outcome: Outcome): Promise<Reply | undefined> {
    const by = { principal: "admin" };
    return this.#machine.engine.submitFor(lease, { type: "release", by, lease, outcome, note: "" });
  }

  /** Its connection breaks: what was on its way to it is lost, and what it knew of it goes on without it. */
  #vanish(cleaner: Cleaner): void {
    const { line } = cleaner;
    Object.assign(cleaner, { line: new Line(), asks: false });
    this.#broken(cleaner, line);
  }

  #fallSilent(cleaner: Cleaner, noticed: Micros): void {
    const { line } = cleaner;
    const life = this.#machine.deaths;
    line.silent = "both ways";
    this.#machine.time.after(noticed / 1_000, () => {
      if (life !== this.#machine.deaths || cleaner.line !== line) return;
      Object.assign(cleaner, { line: new Line(), asks: false });
      this.#broken(cleaner, line);
    });
  }

  #broken(cleaner: Cleaner, line: Line): void {
    const { command, lease } = cleaner;
    const lost = line.break();
    if (lease === undefined && command !== undefined && command.requestId === undefined) {
      if (lost) this.#judge.orphaned(command.id);
      cleaner.command = undefined;
    }
    // Whoever dies with what it has lets it expire.
    cleaner.lease = undefined;
    count("a cleaner was lost");
  }
}
