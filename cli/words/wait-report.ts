import { isSettled, type WaitObserver } from "../../clients/ts/src/waiting.ts";
import type { AcquireResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { formatDuration, nanoseconds } from "./duration.ts";
import { tellMisspelt } from "./misspelt.ts";
import type { Output } from "./output.ts";
import { environmentsOf, glance, standing } from "./phrases.ts";

/** How a report is made. */
interface ReportOptions {
  /** stdout belongs to JSON. */
  readonly quiet: boolean;
  /** ms between two lines that it still waits. */
  readonly every: number;
  /** Tells what is in the way where no holder is. */
  readonly look: (lease: Lease) => Promise<string>;
  /** What may have ended the waiting. */
  readonly interruption: AbortSignal;
}

/**
 * Says how the waiting goes: the original's line on stdout when it starts and then now and again; place and holders on stderr, as
 * one live line on a terminal, else as a section of lines that come often enough for a CI system not to think that we hang.
 */
export class WaitReport implements WaitObserver {
  readonly #output: Output;
  readonly #quiet: boolean;
  readonly #every: number;
  readonly #start = performance.now();
  readonly #timers: NodeJS.Timeout[] = [];
  #closeSection: ((outcome: string) => void) | undefined;
  #lease: Lease | undefined;
  #atFirst = "";
  #said = "";
  #obstacle = "";
  readonly #look: (lease: Lease) => Promise<string>;
  #outOfReach = false;

  readonly #interruption: AbortSignal;

  constructor(output: Output, { quiet, every, look, interruption }: ReportOptions) {
    this.#look = look;
    this.#output = output;
    this.#quiet = quiet;
    this.#every = every;
    this.#interruption = interruption;
  }

  answered({ misspellings }: Pick<AcquireResponse, "misspellings">): void {
    tellMisspelt(this.#output, misspellings);
  }

  seen(lease: Lease): void {
    this.#lease = lease;
    if (this.#outOfReach) this.#output.word("contact regained");
    this.#outOfReach = false;
    if (lease.state !== LeaseState.QUEUED) return;
    if (this.#closeSection === undefined) this.#begin(lease);
    const news = this.#output.onTerminal ? glance(lease) : standing(lease);
    if (news !== this.#said) this.#tell(news);
    this.#said = news;
    if (lease.holders.length === 0) void this.#explain(lease);
    else this.#obstacle = "";
  }

  /** An environment out of service has no holder to name. */
  async #explain(lease: Lease): Promise<void> {
    const obstacle = await this.#look(lease);
    // Meanwhile it may have been our turn.
    if (obstacle === "" || obstacle === this.#obstacle || this.#closeSection === undefined || lease !== this.#lease) return;
    this.#obstacle = obstacle;
    this.#tell(this.#said);
  }

  lost(why: string): void {
    if (!this.#outOfReach) {
      const keeps = this.#lease === undefined ? "" : ", with the same place in line";
      this.#output.word(`lost contact with the server (${why}); trying again${keeps}`);
    }
    this.#outOfReach = true;
  }

  gaveUp(lease: Lease, heard: boolean): void {
    const why = this.#interruption.aborted ? `${this.#interruption.reason}: ` : "";
    const left = lease.ticketTtl === undefined || isSettled(lease) ? "its time" : formatDuration(nanoseconds(lease.ticketTtl));
    const ends = `the server is out of reach; lease ${lease.id} ends by itself after ${left}`;
    this.#output.word(`${why}${heard ? `withdrew lease ${lease.id}` : ends}`);
  }

  /** Stops the notices and closes what is open in the log. */
  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#closeSection === undefined) return;
    if (this.#output.onTerminal) this.#output.live("");
    const served = this.#lease?.state === LeaseState.HELD;
    this.#closeSection(`call-me: ${served ? "done waiting" : "waited in vain"}, after ${this.#elapsed()}`);
    this.#closeSection = undefined;
    if (served && this.#lease !== undefined)
      this.#output.notice(`waited ${this.#elapsed()} for ${environmentsOf(this.#lease)}: ${this.#atFirst}`);
  }

  #begin(lease: Lease): void {
    const environments = environmentsOf(lease);
    this.#atFirst = standing(lease);
    const notice = () => {
      if (!this.#quiet) this.#output.data(`waiting for free slot on environment: ${environments}`);
    };
    this.#closeSection = this.#output.section(`call-me: waiting for ${environments}`);
    notice();
    this.#repeat(this.#every, notice);
    if (this.#output.onTerminal) this.#repeat(1_000, () => this.#tell(this.#said));
    else this.#repeat(this.#every, () => this.#output.word(`still waiting after ${this.#elapsed()}: ${this.#news(this.#said)}`));
  }

  #tell(news: string): void {
    if (!this.#output.onTerminal) this.#output.word(this.#news(news));
    else if (this.#lease !== undefined)
      this.#output.live(`waiting ${this.#elapsed()} for ${environmentsOf(this.#lease)}: ${this.#news(news)}`);
  }

  #news(standing: string): string {
    return this.#obstacle === "" ? standing : `${standing}; ${this.#obstacle}`;
  }

  #repeat(every: number, act: () => void): void {
    this.#timers.push(setInterval(act, every));
  }

  #elapsed(): string {
    return formatDuration(BigInt(Math.floor((performance.now() - this.#start) / 1000)) * 1_000_000_000n);
  }
}
