import type { Child } from "./child.ts";

/** From the first signal to SIGKILL, in ms. With the release it stays under 5 s: less than any CI system waits. */
const GRACE = 3_000;
/** A signal that comes twice within this time is one: a terminal, npm and our own launcher each pass a Ctrl-C on. In ms. */
const ECHO = 300;

/** Brings a command to its end: passes signals on, loses patience, and kills what does not go. */
export class Stopper {
  readonly #child: Child;
  readonly #say: (line: string) => void;
  readonly #interactive: boolean;
  #latest: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  #terminated = false;
  #asked = false;
  /** Whether it has no more than GRACE left. */
  #hurried = false;
  #killAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `interactive`: a person at a terminal types Ctrl-C. */
  constructor(child: Child, { say, interactive }: { say: (line: string) => void; interactive: boolean }) {
    this.#child = child;
    this.#say = say;
    this.#interactive = interactive;
  }

  /** Whether the command's end was asked for, by a signal or by `terminate`. */
  get stopping(): boolean {
    return this.#killAt < Number.POSITIVE_INFINITY;
  }

  /** Whether it was asked to end, by `ask`. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Whether a signal reached us. */
  get interrupted(): boolean {
    return this.#latest !== undefined;
  }

  /**
   * A signal reached us. The first is passed on as it is and has GRACE to work; each further one escalates: SIGTERM, then SIGKILL.
   * But what Ctrl-C means to a shell or a debugger on a terminal is theirs to say, as often as it is typed.
   */
  forward(signal: NodeJS.Signals): void {
    const at = performance.now();
    if (this.#latest?.signal === signal && at - this.#latest.at < ECHO) return;
    this.#latest = { signal, at };
    if (this.#interactive && signal === "SIGINT") this.#child.signal(signal);
    else if (!this.#hurried) {
      this.#hurried = true;
      this.#terminated ||= signal === "SIGTERM";
      this.#child.signal(signal);
      this.#killBy(at + GRACE);
    } else if (this.#terminated) this.#kill("a further signal came");
    else this.terminate();
  }

  /** SIGTERM now, unless it was sent already, and SIGKILL after GRACE, or at `killAt` (of performance.now) if that comes first. */
  terminate(killAt = Number.POSITIVE_INFINITY): void {
    this.#hurried = true;
    this.#endBy(Math.min(killAt, performance.now() + GRACE));
  }

  /** SIGTERM now, unless it was sent already, and SIGKILL not before `killAt`, if nothing else is in a hurry; never, if that is infinite. */
  ask(killAt: number): void {
    this.#asked = true;
    this.#endBy(killAt);
  }

  /** Nothing is left to be stopped. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #endBy(killAt: number): void {
    if (!this.#terminated) this.#child.signal("SIGTERM");
    this.#terminated = true;
    this.#killBy(killAt);
  }

  #killBy(at: number): void {
    this.#killAt = Math.min(this.#killAt, at);
    clearTimeout(this.#timer);
    // A timer without an end would go off at once.
    if (!this.stopping) return;
    this.#timer = setTimeout(() => this.#kill("it did not end in time"), Math.max(0, this.#killAt - performance.now()));
  }

  #kill(why: string): void {
    if (!this.#child.runs) return;
    this.#child.signal("SIGKILL");
    this.#say(`killing the command: ${why}`);
  }
}
