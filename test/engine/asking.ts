/** Those who ask a stage's engine for `uat`. */
import type { Acquire, Reply } from "../../src/core/command.ts";
import type { EngineCall } from "../../src/engine/call.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { acquireCommand, MINUTE } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { type Stage, settled, stage } from "./stage.ts";

/** The caller of what is not about who calls. */
export const by = { principal: "admin" };

/** Asks for `needs`, and waits in line for a minute. */
export function ask(engine: Engine, id: string, line: EngineCall = new Line(), more: Partial<Acquire> = {}, wait = MINUTE): Promise<Reply> {
  return engine.acquire({ pool: "default", command: acquireCommand(id, "uat", more), wait }, line);
}

/** What a lease is now; undefined when it has ended. */
export function stateOf({ engine }: Stage, lease: string): string | undefined {
  return engine.views.live(lease)?.lease.state;
}

/** A stage on which `uat` is held. */
export async function occupied(): Promise<Stage> {
  const room = await stage();
  await ask(room.engine, "holder");
  return room;
}

/** The holder gives `uat` back. */
export async function free({ engine }: Stage): Promise<void> {
  await engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
  await settled();
}
