import type { Revision } from "../../core/model/units.ts";
import type { Engine } from "../engine.ts";
import type { Listener } from "./hub.ts";
import type { WatchMessage } from "./message.ts";
import { Reader } from "./reader.ts";
import type { Topic } from "./subscription.ts";
import type { Tell } from "./tell.ts";
import { IN_A_ROW, told } from "./telling.ts";

export interface WatchOptions {
  /** Resume behind this revision; from the present state without it. */
  readonly since?: Revision;
  /** In milliseconds. */
  readonly heartbeat: number;
  /** The watch ends with it; so it does when the engine is drained. */
  readonly call: Listener;
}

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
    await told(reader, pause, options.heartbeat, tell);
  } finally {
    reader.close();
    close();
  }
}
