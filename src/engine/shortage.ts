/**
 * Which commands are decided while the disk is full, when commits are written to the store's reserve: those that give something back or
 * keep it. Those that take something are refused, so that it does not depend on what happens to fit.
 */
import type { Command } from "../core/command.ts";
import { StoreFailure } from "../store/store.ts";

/** Whether a command makes something that was not there: a lease, an environment, a record of what is none of these. Pulses and abandonments end what is over. */
const TAKES: Readonly<Record<Command["type"], boolean>> = {
  acquire: true,
  clean: true,
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
  createKey: true,
  rotateKey: true,
  revokeKey: false,
  useKeys: false,
  disown: false,
  record: true,
  pulse: false,
};

/** Why these commands are refused while the disk is full; undefined if they are not. */
export function refusedForSpace(commands: readonly Command[]): StoreFailure | undefined {
  if (!commands.some(({ type }) => TAKES[type])) return undefined;
  return new StoreFailure(
    "STORAGE_FULL",
    "the server's disk is full, so nothing can be taken until there is room again; renewals and releases still work",
  );
}
