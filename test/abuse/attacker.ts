// A process that attacks as it is told, again and again, and reports each time what it has counted.
import os from "node:os";
import process from "node:process";
import { ATTACKS, type AttackName } from "./attacks.ts";
import { Tally } from "./peer.ts";

export interface Orders {
  readonly attack: AttackName;
  readonly port: number;
  readonly key: string;
  readonly from: string;
  readonly seconds: number;
}

// It would be another machine: it must not take the processor from those whom it attacks.
os.setPriority(os.constants.priority.PRIORITY_LOW);

process.on("message", async ({ attack, seconds, ...target }: Orders) => {
  const tally = new Tally();
  const over = AbortSignal.timeout(1_000 * seconds);
  await ATTACKS[attack]({ ...target, over }, tally);
  process.send?.(tally.counts);
});
