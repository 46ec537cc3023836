/** What is written while the disk is full, to the store's reserve: what gives back or keeps. What takes is refused, by rule and not by luck. */
import type { Command } from "../core/command.ts";
import { StoreFailure } from "../store/store.ts";

/** Whether a command makes something that was not there: a lease, an environment. Pulses and abandonments end what is over. */
const TAKES: Readonly<Record<Command["type"], boolean>> = {
  acquire: true,
  apply: true,
  release: false,
  releaseByEnvironment: false,
  releaseLegacy: false,
  renew: false,
  claim: false,
  abandon: false,
  hangUp: false,
  giveUp: false,
  forget: false,
  forceRelease: false,
  delete: false,
  setState: false,
  recover: false,
  pulse: false,
};

/** Why these commands are not decided while the disk is full; undefined: they are. */
export function refusedForSpace(commands: readonly Command[]): StoreFailure | undefined {
  if (!commands.some(({ type }) => TAKES[type])) return undefined;
  return new StoreFailure(
    "STORAGE_FULL",
    "the server's disk is full, so nothing can be taken until there is room again; renewals and releases still work",
  );
}
