import { type Lease, LeaseState } from "../gen/ts/callme/v1/types_pb.ts";
import type { Output } from "./output.ts";
import type { Watcher } from "./waiting.ts";
import { environmentsOf, standing } from "./words.ts";

/** Says how the waiting goes: the original's line on stdout when it starts and then now and again, place and holders on stderr. */
export class WaitReport implements Watcher {
  readonly #output: Output;
  readonly #quiet: boolean;
  readonly #every: number;
  #timer: NodeJS.Timeout | undefined;
  #lease: Lease | undefined;
  #said = "";
  #outOfReach = false;

  /** `quiet`: stdout belongs to JSON. `every`: ms between two lines that it still waits. */
  constructor(output: Output, { quiet, every }: { quiet: boolean; every: number }) {
    this.#output = output;
    this.#quiet = quiet;
    this.#every = every;
  }

  /** The lease as it was seen last. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  seen(lease: Lease): void {
    this.#lease = lease;
    if (this.#outOfReach) this.#output.word("contact regained");
    this.#outOfReach = false;
    if (lease.state !== LeaseState.QUEUED) return;
    if (this.#timer === undefined) this.#startNotices(environmentsOf(lease));
    const news = standing(lease);
    if (news !== this.#said) this.#output.word(news);
    this.#said = news;
  }

  lost(why: string): void {
    if (!this.#outOfReach) {
      const keeps = this.#lease === undefined ? "" : ", with the same place in line";
      this.#output.word(`lost contact with the server (${why}); trying again${keeps}`);
    }
    this.#outOfReach = true;
  }

  /** Stops the notices. */
  close(): void {
    clearInterval(this.#timer);
  }

  #startNotices(environments: string): void {
    const notice = () => {
      if (!this.#quiet) this.#output.data(`waiting for free slot on environment: ${environments}`);
    };
    notice();
    this.#timer = setInterval(notice, this.#every);
  }
}
