import { Code, ConnectError } from "@connectrpc/connect";
import { ending, NotAcquired } from "../../clients/ts/src/errors.ts";
import type { CheckResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, type EnvironmentStatus, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Locks } from "../client.ts";
import { EXIT, Failure } from "../exit.ts";
import { meant } from "../words/misspelt.ts";
import { condition, whyBusy } from "../words/phrases.ts";
import { standing } from "../words/place.ts";
import { checkBriefly } from "./briefly.ts";
import { type AcquireInit, namesIn } from "./request.ts";
import type { Target } from "./target.ts";

/** How many environments are named one by one. */
const NAMED = 5;

/**
 * What stands between a lease and its environments, as the server sees it now: their state, its reason, who is there. Where the lease itself
 * names holders, only what is out of service, since that outlasts them. Empty if nothing can be told.
 */
export async function obstacles(locks: Locks, { pool, environments, needs, holders }: Lease): Promise<string> {
  const asked = needs.length > 0 ? needs : environments.map(({ name }) => ({ environment: name }));
  const answers = await checkBriefly(locks, targetsOf(pool, asked));
  return holders.length > 0 ? shutIn(answers) : busyIn(answers);
}

/** What is looked at for what a request or a lease wants. */
function targetsOf(pool: string, needs: readonly { readonly environment?: string; readonly selector?: string }[]): Target[] {
  return needs.map(({ environment = "", selector = "" }) => (selector === "" ? { environment } : { pool, selector }));
}

function shutIn(answers: readonly CheckResponse[]): string {
  const statuses = statusesIn(answers).filter(({ state }) => state !== EnvironmentState.AVAILABLE);
  return briefly(statuses, (status) => `${status.name} ${condition(status).join(", ")}`);
}

function busyIn(answers: readonly CheckResponse[]): string {
  const statuses = statusesIn(answers).filter(({ available }) => !available);
  return briefly(statuses, (status) => whyBusy(status.name, status));
}

/** Each environment once: several selectors may match it. */
function statusesIn(answers: readonly CheckResponse[]): EnvironmentStatus[] {
  return [...new Map(answers.flatMap(({ environments }) => environments.map((status) => [status.name, status]))).values()];
}

/** The first of them, and how many more there are: a selector may match very many. */
function briefly(statuses: readonly EnvironmentStatus[], say: (status: EnvironmentStatus) => string): string {
  const more = statuses.length - NAMED;
  return [...statuses.slice(0, NAMED).map(say), ...(more > 0 ? [`${more} more`] : [])].join("; ");
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
  const asked = request.environment ? [{ environment: request.environment }] : (request.needs ?? []);
  const answers = await checkBriefly(locks, targetsOf(request.pool ?? "", asked));
  const busy = busyIn(answers);
  const misspelt = answers.flatMap(({ misspellings }) => misspellings.map(meant));
  return busy === "" ? error : new Failure(EXIT.notAcquired, `not acquired: ${[busy, ...misspelt].join("; ")}`);
}

/** The exit code of a lease that was not acquired. */
export function missCode(lease: Lease | undefined): number {
  return lease?.endReason === EndReason.SUPERSEDED ? EXIT.superseded : EXIT.notAcquired;
}

/** Why a lease was not acquired, and where something is in its way, what. */
export async function explainMiss(locks: Locks, lease: Lease | undefined): Promise<string> {
  if (lease === undefined) return "the server sent no lease";
  if (lease.state !== LeaseState.ENDED)
    return [standing(lease), await obstacles(locks, lease), `lease ${lease.id} waits in line`].filter(Boolean).join("; ");
  const busy = lease.endReason === EndReason.TIMED_OUT;
  return [ending(lease), busy && (await obstacles(locks, lease))].filter(Boolean).join("; ");
}
