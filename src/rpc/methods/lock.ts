/** LockService: each method once, `(message, call) → message`, whatever the transport. */
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type * as pb from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { Outcome } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { LeaseSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Done, Release, Reply } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import type { Lease } from "../../core/model/lease.ts";
import { namesOf } from "../../core/model/needs.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { LeaseView } from "../../engine/views.ts";
import { badField, failure, refused } from "../errors.ts";
import { roleOf } from "../guards.ts";
import { readAcquire } from "./acquire.ts";
import { allowedAcquire } from "./allowance.ts";
import type { Call, Service } from "./call.ts";
import { leaseMessage, statusMessage } from "./convert.ts";
import { readFacts } from "./facts.ts";
import { choice, duration, required, text, time } from "./fields.ts";
import { misspellings, noSuch, withNear } from "./misspellings.ts";
import { outlook } from "./outlook.ts";
import { shownLease } from "./shown.ts";
import { topicOf } from "./topic.ts";
import { heldMessage } from "./variables.ts";

type Init<S extends DescMessage> = MessageInitShape<S>;

/** Any length of `wait` is accepted; engine/attendance/attendance.ts shortens it. */
export const WAIT = { min: 0, max: Number.POSITIVE_INFINITY };

const OUTCOMES: Partial<Record<Outcome, Release["outcome"]>> = {
  [Outcome.UNSPECIFIED]: "OK",
  [Outcome.OK]: "OK",
  [Outcome.FAILED]: "FAILED",
  [Outcome.BROKEN]: "BROKEN",
};

export async function check(
  service: Service,
  request: pb.CheckRequest,
  { caller }: Pick<Call, "caller">,
): Promise<Init<typeof pb.CheckResponseSchema>> {
  const environments = outlook(service, await topicOf(service, request, caller), caller);
  return {
    available: environments.some((status) => status.available),
    environments: environments.map((status) => statusMessage(status, service.engine.views)),
    misspellings: request.environment === "" ? [] : misspellings(service.engine.views, caller, [request.environment]),
  };
}

export async function acquire(service: Service, request: pb.AcquireRequest, call: Call): Promise<Init<typeof pb.AcquireResponseSchema>> {
  const { engine } = service;
  // Who waits for long keeps as little as he can: the command ends with this.
  const { names, asked } = ask(service, request, call);
  const reply = accepted(withNear(await asked, engine.views, call.caller, names));
  const lease = heldMessage(reply.lease, reply.pool, engine.views, service.secrets);
  // A lease that was not stored has no token.
  const leaseToken = reply.lease.revision === 0 ? "" : service.principals.tokenOf(reply.lease.id);
  const environmentCreated = reply.environmentCreated ?? false;
  return { lease, leaseToken, environmentCreated, misspellings: misspellings(engine.views, call.caller, names) };
}

function ask(
  service: Service,
  request: pb.AcquireRequest,
  call: Call,
): { readonly names: readonly string[]; readonly asked: Promise<Reply> } {
  const { engine, autoCreate, notices } = service;
  const wait = duration("wait", request.wait, WAIT);
  const poolOf = (name: string) => engine.views.ownerOf(name);
  const { pool, command } = readAcquire(request, call.caller, autoCreate, poolOf, (url) => notices.complaintOf(url));
  const allowed = allowedAcquire(service, call.caller, roleOf(request), pool, command);
  return { names: namesOf(command), asked: engine.acquire({ pool, command: allowed, wait }, call) };
}

export async function release(service: Service, request: pb.ReleaseRequest, call: Call): Promise<Init<typeof pb.ReleaseResponseSchema>> {
  const { engine } = service;
  const outcome = choice("outcome", request.outcome, OUTCOMES);
  const facts = readFacts(request.facts);
  const given = { by: call.caller, outcome, note: text("note", request.note), ...(facts && { facts }) } as const;
  const { leaseId, environment } = request;
  if ((leaseId === "") === (environment === "")) throw badField("lease_id", "give either lease_id or environment");
  const requestId = text("request_id", request.requestId, limits.name);
  if (leaseId !== "" && requestId !== "") throw badField("request_id", "goes with environment; a lease_id says it all");
  const asked = requestId === "" ? {} : { requestId };
  const pool = leaseId === "" ? engine.views.homeOf(environment).name : "";
  const reply =
    leaseId === ""
      ? await engine.submit(pool, { type: "releaseByEnvironment", environment, ...asked, ...given }, call)
      : await engine.submitFor(leaseId, { type: "release", lease: leaseId, ...given }, call);
  if (reply?.ok === false && reply.reason === "ENVIRONMENT_NOT_FOUND") throw noSuch(engine.views, call.caller, environment);
  const done = accepted(reply, leaseId);
  return { lease: leaseMessage(done.lease, done.pool, engine.views), alreadyEnded: done.alreadyEnded ?? false };
}

export async function renew(service: Service, request: pb.RenewRequest, call: Call): Promise<Init<typeof pb.RenewResponseSchema>> {
  const { engine } = service;
  const lease = required("lease_id", request.leaseId);
  const ttl = duration("ttl", request.ttl, { min: limits.minTtl, max: limits.maxTtl });
  const notAfter = request.notAfter && time("not_after", request.notAfter);
  const facts = readFacts(request.facts);
  const terms = { ...(ttl !== undefined && { ttl }), ...(notAfter !== undefined && { notAfter }), ...(facts && { facts }) };
  const reply = await engine.renew({ ...terms, type: "renew", by: call.caller, lease }, call);
  const done = accepted(reply, lease);
  return { lease: messageFor(service, done, call) };
}

export async function getLease(service: Service, request: pb.GetLeaseRequest, call: Call): Promise<Init<typeof pb.GetLeaseResponseSchema>> {
  const { engine } = service;
  const wait = duration("wait", request.wait, WAIT);
  const view = await findLease(service, request.leaseId).then(({ lease }) => engine.look(lease, isOwner(call, lease), wait, call));
  return { lease: messageFor(service, view, call) };
}

export async function checkFence({ engine }: Service, request: pb.CheckFenceRequest): Promise<Init<typeof pb.CheckFenceResponseSchema>> {
  const environment = required("environment", request.environment);
  const pool = engine.views.homeOf(environment);
  const site = pool.sites.get(environment);
  // An environment that never existed, or was forgotten: no lease is on it, so no token is valid.
  if (site === undefined) return { valid: false, current: 0n };
  const holder = site.occupants.get(Number(request.fencingToken));
  const valid = holder !== undefined && pool.leases.get(holder)?.state === "HELD";
  return { valid, current: BigInt(site.environment.fence) };
}

/** A lease as last committed; throws not_found. */
export async function findLease(service: Service, id: string): Promise<LeaseView> {
  const lease = required("lease_id", id);
  return (await service.engine.views.lease(lease)) ?? noLease(lease);
}

/** A lease for a caller: with its variables, if it shows its lease_token. */
function messageFor({ engine, secrets }: Service, { lease, pool }: LeaseView, call: Call): Init<typeof LeaseSchema> {
  return isOwner(call, lease) ? heldMessage(lease, pool, engine.views, secrets) : shownLease(call.caller, { lease, pool }, engine.views);
}

/** Whether GetLease and WatchLease by this caller are signs of life of the lease: by its lease_token. By a key they only look. */
export function isOwner(call: Call, lease: Lease): boolean {
  return call.caller.lease === lease.id;
}

/** The reply to a command about a lease; throws what it refuses. */
export function accepted(reply: Reply | undefined, id = ""): Done & { lease: Lease; pool: Pool } {
  if (reply === undefined) return noLease(id);
  if (!reply.ok) throw refused(reply);
  if (reply.lease === undefined) throw new Error("invariant: a reply about a lease has it");
  return { ...reply, lease: reply.lease };
}

function noLease(id: string): never {
  throw failure("LEASE_NOT_FOUND", `there is no lease ${JSON.stringify(id.slice(0, 60))}`, { field: "lease_id" });
}
