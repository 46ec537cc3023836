import { Code, ConnectError } from "@connectrpc/connect";
import { ending, NotAcquired } from "../../clients/ts/src/errors.ts";
import type { CheckResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Locks } from "../client.ts";
import { EXIT, Failure } from "../exit.ts";
import { meant } from "../words/misspelt.ts";
import { condition, whyBusy } from "../words/phrases.ts";
import { standing } from "../words/place.ts";
import { checkBriefly } from "./briefly.ts";
import { type AcquireInit, namesIn } from "./request.ts";

/**
 * What stands between a lease and its environments, as the server sees it now: their state, its reason, who is there. Where the lease itself
 * names holders, only what is out of service, since that outlasts them. Empty if nothing can be told.
 */
export async function obstacles(locks: Locks, { environments, holders }: Lease): Promise<string> {
  const names = environments.map(({ name }) => name);
  const answers = await checkBriefly(locks, names);
  return holders.length > 0 ? shutIn(answers) : busyIn(answers);
}

function shutIn(answers: readonly CheckResponse[]): string {
  const statuses = answers.flatMap((answer) => answer.environments).filter(({ state }) => state !== EnvironmentState.AVAILABLE);
  return statuses.map((status) => `${status.name} ${condition(status).join(", ")}`).join("; ");
}

function busyIn(answers: readonly CheckResponse[]): string {
  const statuses = answers.flatMap((answer) => answer.environments).filter(({ available }) => !available);
  return statuses.map((status) => whyBusy(status.name, status)).join("; ");
}

/**
 * What to say of an Acquire that has failed: of a name such as `db:2`, how slots are written; where the server refused it since something is
 * busy, who is there and until when, which its sentence does not tell; else the error itself.
 */
export async function explainBusy(locks: Locks, request: AcquireInit, error: unknown): Promise<unknown> {
  const names = namesIn(request);
  const [, name, slots] = names.map((text) => /^(.+):(\d+)$/.exec(text)).find((match) => match !== null) ?? [];
  if (name !== undefined && error instanceof ConnectError && [Code.InvalidArgument, Code.NotFound].includes(error.code))
    return Failure.usage(`${error.rawMessage}. Slots are written with =, as in ${name}=${slots}`);
  if ((error instanceof NotAcquired ? error : NotAcquired.refused(error))?.reason !== "ENVIRONMENT_BUSY") return error;
  const answers = await checkBriefly(locks, names);
  const busy = busyIn(answers);
  const misspelt = answers.flatMap(({ misspellings }) => misspellings.map(meant));
  return busy === "" ? error : new Failure(EXIT.notAcquired, `not acquired: ${[busy, ...misspelt].join("; ")}`);
}

/** Why a lease was not acquired, and where something is in its way, what. */
export async function explainMiss(locks: Locks, lease: Lease | undefined): Promise<string> {
  if (lease === undefined) return "the server sent no lease";
  if (lease.state !== LeaseState.ENDED)
    return [standing(lease), await obstacles(locks, lease), `lease ${lease.id} waits in line`].filter(Boolean).join("; ");
  const busy = lease.endReason === EndReason.TIMED_OUT;
  return [ending(lease), busy && (await obstacles(locks, lease))].filter(Boolean).join("; ");
}
