/** Clients and operators on a machine that dies, stalls and fills up. What must hold of it all, the judge says. */
import { Calls } from "./calls.ts";
import { Cleaners } from "./cleaners.ts";
import { Transitions } from "./coverage.ts";
import { Crowd } from "./crowd.ts";
import { Judge } from "./judge.ts";
import { Keys } from "./keys.ts";
import { Machine } from "./machine.ts";
import { Operators } from "./operators.ts";
import { expectThat } from "./seen.ts";
import type { Single, Step } from "./steps.ts";

const DAY = 86_400_000_000;
const SOON = 40_000_000;

export class Simulation {
  readonly #transitions = new Transitions();
  readonly #machine = new Machine();
  readonly #judge = new Judge(this.#machine);
  readonly #calls = new Calls(this.#machine, this.#judge);
  readonly #crowd = new Crowd(this.#machine, this.#judge, this.#calls);
  readonly #cleaners = new Cleaners(this.#machine, this.#judge);
  readonly #keys = new Keys(this.#machine, this.#judge);
  readonly #operators = new Operators(this.#machine, this.#judge, this.#crowd);

  /** All that happened, in order. */
  get events(): readonly unknown[] {
    return this.#judge.books.events;
  }

  /** Plays the steps, and then lets everything come to its end. Rejects with the first rule that is broken. */
  async run(steps: readonly Step[]): Promise<void> {
    this.#machine.onStart = (engine) => {
      this.#judge.started(engine);
      this.#judge.noting(() => this.#keys.started(engine.views.keys.values()));
      this.#cleaners.restarted();
      this.#crowd.restarted();
    };
    this.#machine.onWrite = (batch) => this.#crowd.writing(batch);
    this.#machine.onCommit = (commit) =>
      this.#judge.committed(commit, () => {
        this.#transitions.enter(commit.events);
        this.#crowd.committed(commit);
        this.#cleaners.committed(commit);
        this.#judge.noting(() => this.#keys.committed(commit));
      });
    this.#machine.onTrouble = (error) => this.#judge.trouble(error);
    this.#judge.cleaners = this.#cleaners;
    await this.#machine.boot();
    for (const step of steps) {
      if (step.what !== "story") await this.#play([step]);
      else if (step.atOnce) await this.#play(step.steps);
      else for (const one of step.steps) await this.#play([one]);
    }
    await this.#heal();
  }

  /** What happens in the same moment; then, if there is such a step, time passes. */
  async #play(steps: readonly Single[]): Promise<void> {
    for (const step of steps) this.#take(step);
    for (const step of steps) {
      if (step.what === "pass" || step.what === "stall") await this.#machine.pass(step.span, step.what === "stall");
      if (step.what === "brink") await this.#machine.passToBrink();
    }
    await this.#machine.rest();
    await this.#judge.check();
  }

  /** After the last fault everybody is served: no waiter is forgotten, nothing stays taken. */
  async #heal(): Promise<void> {
    Object.assign(this.#machine, { full: false, slow: false, hanging: false });
    this.#machine.dieAfter(Number.POSITIVE_INFINITY);
    await this.#judge.check();
    await this.#machine.pass(1_000);
    void this.#operators.tryDamaged();
    void this.#operators.openAll();
    this.#crowd.leave();
    for (let round = 0; round < 8; round++) await this.#machine.pass(60_000_000);
    await this.#judge.check();
    const live = () => [...this.#machine.engine.views.pools()].flatMap((pool) => [...pool.leases.values()]);
    const waiting = live().find((lease) => lease.state === "QUEUED");
    expectThat(waiting === undefined, `${waiting?.id} still waits, minutes after its last sign of life`);
    for (let round = 0; round < 16 && live().length > 0; round++) await this.#machine.pass(600_000_000);
    await this.#cleaners.cleanAll();
    await this.#keys.check();
    await this.#machine.pass(1_000);
    expectThat(live().length === 0, `they outlive everything: ${live().map((lease) => `${lease.id} ${lease.state}`)}`);
    await this.#sleepForADay();
  }

  /** A request_id answers for its lease for a day after that has ended, however long ago history was cut, and not for ever. */
  async #sleepForADay(): Promise<void> {
    await this.#askAgain();
    const { ends } = this.#judge.books;
    const end = ends[Math.floor(ends.length / 2)];
    if (end === undefined) return;
    // History is cut a minute after the start: before that, a row that is too old is still there. The steps may have taken that long already.
    this.#machine.off(Math.max(0, end + DAY - SOON - this.#machine.engine.views.now()));
    await this.#machine.rest();
    await this.#askAgain();
    for (let round = 0; round < 3; round++) {
      await this.#machine.pass(SOON);
      await this.#askAgain();
    }
  }

  /** Everybody asks again who has a request_id. */
  async #askAgain(): Promise<void> {
    for (const client of this.#judge.clients.values()) if (client.command.requestId !== undefined) void this.#calls.acquire(client);
    await this.#machine.rest();
    await this.#judge.check();
  }

  #take(step: Single): void {
    switch (step.what) {
      case "die":
        this.#machine.dieAfter(step.effects);
        return;
      case "full":
      case "slow":
      case "hanging":
        this.#machine[step.what] = step.on;
        return;
      case "off":
        this.#machine.off(step.span);
        return;
      case "pass":
      case "stall":
      case "brink":
        return;
      case "resize":
      case "revoke":
      case "set":
      case "state":
      case "delete":
      case "forget":
      case "force":
      case "releaseByName":
        void this.#operators.take(step);
        return;
      case "key":
        void this.#keys.take(step);
        return;
      case "clean":
      case "cleaned":
      case "cleanerRenews":
      case "cleanerVanishes":
      case "cleanerDrops":
      case "cleanerFallsSilent":
        this.#cleaners.take(step);
        return;
      default:
        this.#crowd.take(step);
    }
  }
}
