import type { Revision } from "../../core/model/units.ts";
import type { Engine } from "../engine.ts";
import type { Listener } from "./hub.ts";
import type { WatchMessage } from "./message.ts";
import type { Sleeper } from "./pause.ts";
import { Reader } from "./reader.ts";
import type { Subscription, Topic } from "./subscription.ts";
import type { Tell } from "./tell.ts";

export interface WatchOptions {
  /** Resume behind this revision; from the present state without it. */
  readonly since?: Revision;
  /** In milliseconds. */
  readonly heartbeat: number;
  /** The watch ends with it; so it does when the engine is drained. */
  readonly call: Listener;
}

/** How many messages a reader is told before the next reader has its turn. */
const IN_A_ROW = 32;

/**
 * Follows a pool or an environment: a SNAPSHOT (or, resumed, the missed CHANGEs), then each CHANGE in commit order, and HEARTBEATs.
 * Resolves when it was ended. A reader that is slow to take is told the present state in place of what it missed. All readers of one thing
 * are told the same message objects.
 */
export async function watch(engine: Engine, topic: Topic, options: WatchOptions, tell: Tell<WatchMessage>): Promise<void> {
  const { subscription, close } = engine.hub.subscribe(topic, options.call);
  const { pause } = subscription;
  const reader = new Reader(engine, subscription, options.since);
  try {
    for (let row = 1; reader.catchesUp && !pause.ended; row++) {
      const missed = await reader.missed();
      if (missed !== undefined) await tell(missed);
      if (row % IN_A_ROW === 0) await pause.turn();
    }
    await new Promise<void>((resolve, reject) => new Telling(reader, subscription, options.heartbeat, tell, { resolve, reject }).goOn());
  } finally {
    reader.close();
    close();
  }
}

/** Tells a reader what is new as long as it takes it, then sleeps. From one event to the next it makes nothing that lives. */
class Telling implements Sleeper {
  readonly #reader: Reader;
  readonly #subscription: Subscription;
  readonly #heartbeat: number;
  readonly #tell: Tell<WatchMessage>;
  readonly #over: { resolve(): void; reject(error: unknown): void };
  #row = 0;

  constructor(
    reader: Reader,
    subscription: Subscription,
    heartbeat: number,
    tell: Tell<WatchMessage>,
    over: { resolve(): void; reject(error: unknown): void },
  ) {
    this.#reader = reader;
    this.#subscription = subscription;
    this.#heartbeat = heartbeat;
    this.#tell = tell;
    this.#over = over;
  }

  woken(quiet: boolean): void {
    const { pause, pending } = this.#subscription;
    this.#row = 0;
    this.goOn(quiet && !pending && !pause.ended);
  }

  /** `beat`: with a heartbeat first. */
  goOn(beat = false): void {
    try {
      let message = beat ? this.#reader.heartbeat() : this.#next();
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
    const { pause } = this.#subscription;
    if (pause.ended) this.#over.resolve();
    else if (++this.#row % IN_A_ROW === 0) pause.yield(this);
    else {
      const message = this.#reader.next();
      if (message === undefined) pause.sleep(this.#heartbeat, this);
      return message;
    }
    return undefined;
  }
}
