import { isSettled, type WaitObserver } from "../../clients/ts/src/waiting.ts";
import type { AcquireResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { milliseconds, spell } from "./duration.ts";
import { impatience } from "./expected.ts";
import { tellMisspelt } from "./misspelt.ts";
import { outlineOf } from "./outline.ts";
import type { Output } from "./output.ts";
import { ownAhead, type Self } from "./own.ts";
import { environmentsOf } from "./phrases.ts";
import { glance, standing } from "./place.ts";
import { widthOf } from "./width.ts";

/** How a report is made. */
interface ReportOptions {
  /** The original client's line is asked for, on stdout. */
  readonly original: boolean;
  /** ms between two lines that it still waits. */
  readonly every: number;
  /** Tells what is in the way: where holders are, what outlasts them. */
  readonly look: (lease: Lease) => Promise<string>;
  /** What may have ended the waiting. */
  readonly interruption: AbortSignal;
  /** The lease that the caller runs on, if there is one. */
  readonly around?: string | undefined;
  /** Who the caller is, where a lease of its own may be in the way. */
  readonly self?: Self | undefined;
}

/**
 * Says how the waiting goes, on stderr: for what, the place in line, who is next and who has it until when. That is one live line on a
 * terminal, else a section of lines that come often enough for a CI system not to think that we hang. What was heard before contact was lost
 * is told as that.
 */
export class WaitReport implements WaitObserver {
  readonly #output: Output;
  readonly #original: boolean;
  readonly #every: number;
  readonly #look: (lease: Lease) => Promise<string>;
  readonly #interruption: AbortSignal;
  readonly #around: string | undefined;
  readonly #self: Self | undefined;
  readonly #start = performance.now();
  readonly #timers: NodeJS.Timeout[] = [];
  #closeSection: ((outcome: string) => void) | undefined;
  #lease: Lease | undefined;
  #atFirst = "";
  #told = "";
  #obstacle = "";
  /** Since when (of performance.now) the server has been out of reach. */
  #lostAt: number | undefined;

  constructor(output: Output, { original, every, look, interruption, around, self }: ReportOptions) {
    this.#output = output;
    this.#original = original;
    this.#every = every;
    this.#look = look;
    this.#interruption = interruption;
    this.#around = around;
    this.#self = self;
  }

  answered({ misspellings }: Pick<AcquireResponse, "misspellings">): void {
    tellMisspelt(this.#output, misspellings);
  }

  seen(lease: Lease): void {
    if (isTaken(lease) !== isTaken(this.#lease)) this.#obstacle = "";
    this.#lease = lease;
    if (this.#lostAt !== undefined) this.#output.word("contact regained");
    this.#lostAt = undefined;
    if (lease.state !== LeaseState.QUEUED) return;
    if (this.#closeSection === undefined) this.#begin(lease);
    const news = outlineOf(lease);
    if (news !== this.#told) this.#tell(lease);
    this.#told = news;
    if (!isTaken(lease)) void this.#explain(lease);
  }

  /** An environment out of service has no holder to name, or stays so when the holder has gone. */
  async #explain(lease: Lease): Promise<void> {
    const obstacle = await this.#look(lease);
    const now = this.#lease;
    // Meanwhile it may have been our turn.
    if (obstacle === this.#obstacle || this.#closeSection === undefined || now?.state !== LeaseState.QUEUED) return;
    if (isTaken(now) !== isTaken(lease)) return;
    this.#obstacle = obstacle;
    if (obstacle !== "") this.#tell(now);
  }

  lost(why: string): void {
    if (this.#lostAt !== undefined) return;
    this.#lostAt = performance.now();
    const keeps = this.#lease === undefined ? "" : ", with the same place in line";
    this.#output.word(`lost contact with the server (${why}); trying again${keeps}`);
    if (this.#closeSection !== undefined && this.#lease !== undefined && this.#output.onTerminal) this.#tell(this.#lease);
  }

  gaveUp(lease: Lease, heard: boolean): void {
    const why = this.#interruption.aborted ? `${this.#interruption.reason}: ` : "";
    const left = lease.ticketTtl === undefined || isSettled(lease) ? "its time" : spell(milliseconds(lease.ticketTtl));
    const ends = `the server is out of reach; lease ${lease.id} ends by itself after ${left}`;
    this.#output.word(`${why}${heard ? `withdrew lease ${lease.id}` : ends}`);
  }

  /** Stops the notices and closes what is open in the log. */
  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#closeSection === undefined) return;
    if (this.#output.onTerminal) this.#output.live("");
    const served = this.#lease?.state === LeaseState.HELD;
    this.#closeSection(`call-me: ${served ? "done waiting" : "waited in vain"}, after ${since(this.#start)}`);
    this.#closeSection = undefined;
    if (served && this.#lease !== undefined)
      this.#output.notice(`waited ${since(this.#start)} for ${environmentsOf(this.#lease)}, at first ${this.#atFirst}`);
  }

  #begin(lease: Lease): void {
    const environments = environmentsOf(lease);
    this.#atFirst = standing(lease);
    for (const hint of [this.#own(lease), impatience(lease)]) if (hint !== "") this.#output.word(hint);
    const notice = () => {
      if (this.#original) this.#output.data(`waiting for free slot on environment: ${environments}`);
    };
    this.#closeSection = this.#output.section(`call-me: waiting for ${environments}`);
    notice();
    this.#repeat(this.#every, notice);
    // Of the state of an environment, and of a change in it, neither the lease nor its watch tells.
    if (isTaken(lease)) void this.#explain(lease);
    this.#repeat(this.#every, () => {
      if (this.#lease !== undefined) void this.#explain(this.#lease);
    });
    this.#repeat(this.#output.onTerminal ? 1_000 : this.#every, () => {
      if (this.#lease !== undefined) this.#tell(this.#lease, `still waiting for ${environments} after ${since(this.#start)}`);
    });
  }

  /** A wait for oneself might never end. */
  #own({ holders }: Lease): string {
    if (holders.some(({ leaseId }) => leaseId === this.#around))
      return `it waits for lease ${this.#around}, too, which this runs on: that does not end before this does`;
    return this.#self === undefined ? "" : ownAhead(holders, this.#self);
  }

  #tell(lease: Lease, head = `waiting for ${environmentsOf(lease)}`): void {
    if (this.#output.onTerminal) {
      const begin = `waiting ${since(this.#start)} for ${environmentsOf(lease)}: ${this.#stale()}`;
      this.#output.live(begin + this.#inRoom(lease, this.#output.columns - 1 - widthOf(begin)));
    } else this.#output.word(`${head}: ${this.#stale()}${[standing(lease), this.#obstacle].filter(Boolean).join("; ")}`);
  }

  /** What outlasts the holders stands before them, as what comes last is cut. */
  #inRoom(lease: Lease, room: number): string {
    if (this.#obstacle === "") return glance(lease, room);
    if (!isTaken(lease)) return `${standing(lease)}; ${this.#obstacle}`;
    const begin = `${this.#obstacle}; `;
    return begin + glance(lease, room - widthOf(begin));
  }

  /** What must stand before old news. */
  #stale(): string {
    return this.#lostAt === undefined ? "" : `server out of reach for ${since(this.#lostAt)}, last heard: `;
  }

  #repeat(every: number, act: () => void): void {
    this.#timers.push(setInterval(act, every));
  }
}

function isTaken(lease: Lease | undefined): boolean {
  return lease !== undefined && lease.holders.length > 0;
}

/** How long ago a time of performance.now was, in words, to the second. */
function since(start: number): string {
  return spell(Math.floor((performance.now() - start) / 1_000) * 1_000);
}
