import type { LeaseLost } from "../../clients/ts/src/errors.ts";
import type { Keeper } from "../../clients/ts/src/keeper.ts";
import { type CancelRequest, EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { cancelledBy } from "../words/cancel.ts";
import { Child } from "./child.ts";
import type { Origin } from "./origin.ts";
import { listen } from "./signals.ts";
import { Stopper } from "./stopper.ts";

/** How a command on a lease ended. */
export interface Tenure {
  /** The command's exit status, as a shell gives it. */
  readonly status: number;
  /** Set if the command was stopped because its lease was lost. */
  readonly loss: LeaseLost | undefined;
  /** Set if somebody asked it to stop while it ran. */
  readonly cancelled: CancelRequest | undefined;
  /** Whether a signal reached us while it ran. */
  readonly interrupted: boolean;
  /** Whether none of its processes runs any more. */
  readonly clean: boolean;
}

/**
 * Runs a command to its end and that of its whole process group, and passes signals on to it; stops it when the lease is lost, and when
 * somebody asks its holder to: then it has until the deadline, less what it takes that the lease is given back before.
 * Renewing goes on until nothing runs any more. Throws a Failure, 126 or 127, if it could not be started.
 */
export async function runOnLease(
  command: readonly string[],
  env: Record<string, string>,
  keeper: Keeper,
  { say, interactive, origin }: { say: (line: string) => void; interactive: boolean; origin: Origin },
): Promise<Tenure> {
  const child = new Child(command, env, origin, say);
  const stopper = new Stopper(child, { say, interactive });
  const unlisten = listen(
    {
      ending: (signal) => stopper.forward(signal),
      telling: (signal) => (signal === "SIGWINCH" ? child.signal(signal) : child.tell(signal)),
      suspended: () => say("not suspended: the lease could not be renewed meanwhile"),
    },
    origin.ignored,
  );
  void keeper.over.then((lost) => {
    // The command itself, perhaps, before its last steps: no reason to stop it.
    if (lost === undefined) return say("the lease was given back with its token while the command ran; it runs on");
    stopper.terminate(keeper.stopBy);
    // It is being stopped, and was told why.
    if (stopper.asked && lost.endReason === EndReason.UNSPECIFIED) return;
    say(`the lease is lost: ${lost.why}; stopping the command`);
  });
  void keeper.cancelled.then((request) => {
    stopper.ask(keeper.cancelBy);
    say(`${cancelledBy(request)}; stopping the command`);
  });
  try {
    const status = await child.exited;
    const cancelled = stopper.asked ? keeper.cancelRequested : undefined;
    if (child.runs) {
      const { stopping } = stopper;
      stopper.terminate();
      if (!stopping) say("the command has ended; stopping the processes that it left behind");
    }
    const clean = await child.gone();
    return { status, loss: keeper.loss, cancelled, interrupted: stopper.interrupted, clean };
  } finally {
    keeper.stop();
    stopper.close();
    await child.gone();
    unlisten();
  }
}
