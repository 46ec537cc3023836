import type { AcquireResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Locks } from "../client.ts";
import type { Context } from "../context.ts";
import type { Output } from "../words/output.ts";
import { AfterUse } from "./after-use.ts";

const LIVE: readonly LeaseState[] = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD];

/** Whether it waits, or is had. */
export function isLive(state: LeaseState): boolean {
  return LIVE.includes(state);
}

/** A lease that nobody learns of would only be in the way: if what tells of it fails, it is given back. */
export async function handOn(
  locks: Locks,
  { lease, leaseToken }: AcquireResponse,
  { context, output }: { readonly context: Context; readonly output: Output },
  hand: () => Promise<void>,
): Promise<void> {
  try {
    await hand();
    await output.finish(context.interruption());
  } catch (error) {
    const say = (line: string) => output.word(line);
    if (lease !== undefined && isLive(lease.state)) await new AfterUse(locks, lease, leaseToken, context, say).release();
    throw error;
  }
}
