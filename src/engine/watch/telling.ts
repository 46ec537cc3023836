import type { WatchMessage } from "./message.ts";
import type { Pause, Sleeper } from "./pause.ts";
import type { Tell } from "./tell.ts";

/** What one reader is told next. */
export interface Source {
  /** Whether `next` may give something. */
  readonly pending: boolean;
  /** Whether the next message may take long to make: then other readers have their turn before it. */
  readonly laborious: boolean;
  /** The next message; none when there is nothing to tell. */
  next(): WatchMessage | undefined;
  /** The message for a reader who was told nothing for a while. */
  heartbeat(): WatchMessage;
}

/** How many messages a reader is told before the next reader has its turn. */
export const IN_A_ROW = 32;

/** Tells a reader what is new as long as it takes it, then sleeps by the pause, until that has ended. `heartbeat`: in milliseconds. */
export function told(source: Source, pause: Pause, heartbeat: number, tell: Tell<WatchMessage>): Promise<void> {
  return new Promise((resolve, reject) => new Telling(source, pause, heartbeat, tell, { resolve, reject }).goOn());
}

/** From one event to the next it makes nothing that lives. */
class Telling implements Sleeper {
  readonly #source: Source;
  readonly #pause: Pause;
  readonly #heartbeat: number;
  readonly #tell: Tell<WatchMessage>;
  readonly #over: { resolve(): void; reject(error: unknown): void };
  /** How many messages it was told since its turn came. */
  #row = 0;

  constructor(
    source: Source,
    pause: Pause,
    heartbeat: number,
    tell: Tell<WatchMessage>,
    over: { resolve(): void; reject(error: unknown): void },
  ) {
    this.#source = source;
    this.#pause = pause;
    this.#heartbeat = heartbeat;
    this.#tell = tell;
    this.#over = over;
  }

  woken(quiet: boolean): void {
    this.#row = 0;
    this.goOn(quiet && !this.#source.pending && !this.#pause.ended);
  }

  /** `beat`: with a heartbeat first. */
  goOn(beat = false): void {
    try {
      let message = beat ? this.#source.heartbeat() : this.#next();
      for (; message !== undefined; message = this.#next()) {
        const room = this.#tell(message);
        if (room === undefined) continue;
        room.then(() => this.goOn(), this.#over.reject);
        return;
      }
    } catch (error) {
      this.#over.reject(error);
    }
  }

  /** The next message; none once it sleeps, waits for its turn, or is over. */
  #next(): WatchMessage | undefined {
    const pause = this.#pause;
    if (pause.ended) this.#over.resolve();
    else if (++this.#row >= (this.#source.laborious ? 2 : IN_A_ROW)) pause.yield(this);
    else {
      const message = this.#source.next();
      if (message === undefined) pause.sleep(this.#heartbeat, this);
      return message;
    }
    return undefined;
  }
}
