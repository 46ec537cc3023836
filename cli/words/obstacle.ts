import { ending } from "../../clients/ts/src/errors.ts";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Locks } from "../client.ts";
import { standing, whyBusy } from "./phrases.ts";

/** How long we ask for a reason, in ms: it is a word for people, and nothing waits for it. */
const BRIEFLY = 2_000;

/** What stands between a lease and its environments, as the server sees it now: their state, its reason, who is there. Empty if nothing can be told. */
export async function obstacles(locks: Locks, { environments }: Lease): Promise<string> {
  try {
    const names = environments.map(({ name }) => name);
    const answers = await Promise.all(names.map((environment) => locks.check({ environment }, { timeoutMs: BRIEFLY })));
    const statuses = answers.flatMap((answer) => answer.environments).filter(({ available }) => !available);
    return statuses.map((status) => whyBusy(status.name, status)).join("; ");
  } catch {
    return "";
  }
}

/** Why a lease was not acquired, and where something is in its way, what. */
export async function explainMiss(locks: Locks, lease: Lease | undefined): Promise<string> {
  if (lease === undefined) return "the server sent no lease";
  if (lease.state !== LeaseState.ENDED) return `${standing(lease)}; lease ${lease.id} waits in line`;
  const busy = lease.endReason === EndReason.TIMED_OUT;
  return [ending(lease), busy && (await obstacles(locks, lease))].filter(Boolean).join("; ");
}
