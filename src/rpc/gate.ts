/** The one gate for calls of every transport: who is calling, and what they may do. */

import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { Identity } from "../access/identity.ts";
import type { Caller, Origin } from "../core/access/caller.ts";
import type { Lease } from "../core/model/lease.ts";
import { isOn, namesOf } from "../core/model/needs.ts";
import type { Tell } from "../engine/watch/tell.ts";
import { BoundedCall } from "./bounded-call.ts";
import { codeOf, failure, OK, toConnectError } from "./errors.ts";
import { notAllowed } from "./guards.ts";
import type { Peer } from "./http/door/peer.ts";
import { countFailure, countRequest } from "./limiting.ts";
import type { Call, Service } from "./methods/call.ts";
import type { Guarded, Rule, Streaming, UnaryMethod } from "./methods/table.ts";
import { calledOf, endOf, type Header, originOf, systemOf, tellUnreached } from "./observing.ts";
import { claimedId, keyOf, wrongKey } from "./principal.ts";
import { noteRefusal, noteStranger } from "./refusing.ts";

/**
 * The caller, by the headers and the connection alone, before any body is read. Throws unauthenticated, permission_denied, or unavailable
 * while draining.
 */
export function admit(service: Service, rule: Rule, header: Header, peer: Peer): Identity {
  let by: Identity | undefined;
  const origin = originOf(service.engine.observed, header);
  try {
    by = identified(service, header, peer, origin);
    countRequest(service.throttle, askerOf(service, by), peer);
    mayBegin(service, rule, by);
    peer.admitted(rule.size);
    return by;
  } catch (error) {
    // A route tells of its calls itself, by their statuses.
    if (rule.path !== undefined) tellUnreached(service.engine.observed, rule, { system: systemOf(header), by, origin }, error);
    throw error;
  }
}

/** Tells of a call that was let in and could not be read. */
export function unreached({ engine }: Service, rule: Rule, { system, caller }: Call, error: unknown): void {
  tellUnreached(engine.observed, rule, { system, by: caller, origin: caller.origin }, error);
}

/** Throws where this is nothing for the caller, or not now. */
function mayBegin(service: Service, rule: Rule, caller: Identity): void {
  const refusal = refusalOf(service, rule, caller);
  if (refusal !== undefined) {
    noteRefusal(service.engine.observed, rule, caller, refusal);
    throw refusal;
  }
  if (rule.begins && service.engine.draining.aborted)
    throw failure("DRAINING", "the server is about to stop; retry, with the same request_id if it had one");
}

/** Who calls, and from where. Throws where that is nobody, or cannot be told. */
function identified({ principals, engine, throttle }: Service, header: Header, peer: Peer, origin: Origin | undefined): Identity {
  const key = keyOf(header);
  try {
    const identity = { ...principals.identify(key, peer), address: peer.address };
    return origin === undefined ? identity : { ...identity, origin };
  } catch (error) {
    noteStranger(engine.observed, key, peer, error);
    if (toConnectError(error).code === Code.Unauthenticated) countFailure(throttle, claimedId(key), peer);
    throw error;
  }
}

/** Whom a request counts for. A lease_token counts by itself while its lease lives: of those of ended leases anybody can have any number. */
function askerOf({ engine }: Service, caller: Identity): Caller {
  const { lease, ...bare } = caller;
  return lease === undefined || engine.views.live(lease) !== undefined ? caller : bare;
}

/** Why a caller may not do this to anything at all. */
function refusalOf(service: Service, rule: Rule, caller: Identity): Error | undefined {
  if (!isNarrow(service, caller))
    return rule.access.some((role) => caller.rights.has(role)) ? undefined : notAllowed(caller, rule.access[0], "anything");
  if (rule.token !== undefined) return undefined;
  return tooNarrow("a lease_token is good for its own lease, and for looking at the environments that this names; use an API key");
}

/**
 * When a call of somebody may begin; undefined: now. Whoever may do everything, or asks where everybody may, is never kept waiting for
 * others.
 */
export function turnOf({ fairness, engine, throttle }: Service, { principal, kind, lease }: Identity): Promise<void> | undefined {
  if (kind === "BOOTSTRAP" || kind === "ANONYMOUS") return undefined;
  // The holders of one key's leases are one caller among the others.
  const owner = lease === undefined ? principal : (engine.views.live(lease)?.lease.principal ?? principal);
  return throttle.limits.exempt.principals.has(owner) ? undefined : fairness.turn(owner);
}

/** What a request is about, in all methods that a lease_token opens. */
interface About {
  readonly leaseId?: string;
  readonly environment?: string;
  readonly pool?: string;
  readonly selector?: string;
  readonly notAfter?: unknown;
  readonly requestId?: string;
}

/** Checks that the caller is still who it was when it was admitted, and may do this to what the request names; throws what it refuses. */
async function may(service: Service, caller: Identity, method: Rule & Guarded, message: MessageShape<DescMessage>): Promise<void> {
  if (isNarrow(service, caller)) {
    if (method.token === "LEASE") return mayUseLease(service, caller, method, message as About);
    return mayLookAt(service, caller, method, message as About);
  }
  if (isOver(service, caller)) throw wrongKey();
  if (!caller.rights.mayAll("ADMIN")) await method.guard({ service, caller, role: method.access[0], message });
}

/** Whether an identity has been revoked or has expired meanwhile, or is nobody's since a key is asked for. */
function isOver({ principals, engine }: Service, { tenure, expiresAt, kind }: Identity): boolean {
  if (tenure?.over === true) return true;
  if (expiresAt !== undefined && engine.views.now() >= expiresAt) return true;
  return kind === "ANONYMOUS" && !principals.open;
}

/** Runs a unary method for a caller who was admitted. */
export async function perform(
  service: Service,
  method: UnaryMethod,
  message: MessageShape<DescMessage>,
  call: Call,
): Promise<MessageInitShape<DescMessage>> {
  const ended = service.engine.observed.called(calledOf(method, call, message));
  try {
    const turn = turnOf(service, call.caller);
    if (turn !== undefined) await turn;
    await may(service, call.caller, method, message);
    const answer = await method.run(service, message, call);
    ended(OK);
    return answer;
  } catch (error) {
    ended(codeOf(error));
    noteRefusal(service.engine.observed, method, call.caller, error, message as About);
    throw error;
  }
}

/** Tells the messages of a streaming method to a caller who was admitted, for as long as it may do this. */
export async function follow<I extends DescMessage, O extends DescMessage>(
  service: Service,
  method: Rule & Guarded & { readonly run: Streaming<I, O> },
  message: MessageShape<I>,
  call: Call,
  tell: Tell<MessageShape<O>>,
): Promise<void> {
  const ended = service.engine.observed.called({ ...calledOf(method, call, message), streams: true });
  try {
    await told(service, method, message, call, tell);
    ended(endOf(call));
  } catch (error) {
    ended(codeOf(error));
    throw error;
  }
}

async function told<I extends DescMessage, O extends DescMessage>(
  service: Service,
  method: Rule & Guarded & { readonly run: Streaming<I, O> },
  message: MessageShape<I>,
  call: Call,
  tell: Tell<MessageShape<O>>,
): Promise<void> {
  const caller = lasting(service, call.caller);
  const turn = turnOf(service, caller);
  if (turn !== undefined) await turn;
  await may(service, caller, method, message);
  if (!isNarrow(service, caller) && caller.kind === "BOOTSTRAP") return method.run(service, message, call, tell);
  using bounded = new BoundedCall(call, caller, () => service.engine.views.now());
  await method.run(service, message, bounded, async (told) => {
    if (isOver(service, caller)) throw wrongKey();
    await tell(told);
    if (isNarrow(service, caller)) await may(service, caller, method, message);
  });
  if (isOver(service, caller)) throw wrongKey();
}

/** Who a stream is for: a lease_token opens none for longer than the key is good that asked for its lease. */
function lasting({ principals }: Service, caller: Identity): Identity {
  const tenure = caller.kind === "LEASE_TOKEN" ? principals.keyring.tenureOfLease(caller.lease ?? "") : undefined;
  return tenure === undefined ? caller : { ...caller, tenure };
}

/**
 * Whether the caller may do only what a lease_token opens. On a server without a key a token takes nothing away from what everybody may do.
 */
function isNarrow({ principals }: Service, caller: Identity): boolean {
  return caller.lease !== undefined && !principals.open;
}

/** A lease whose key was revoked can be given back, and nothing else. Only one that was reserved can be given another end: that is a role. */
function mayUseLease({ principals, engine }: Service, caller: Identity, { givesBack }: Rule, { leaseId = "", notAfter }: About): void {
  const own = engine.views.live(caller.lease ?? "")?.lease;
  if (givesBack !== true && own !== undefined) mustBeGood(principals, own);
  if (leaseId !== "" && leaseId !== caller.lease) throw notOfToken(caller, leaseId);
  if (notAfter !== undefined && own !== undefined && own.notAfter === undefined)
    throw tooNarrow(`lease ${own.id} was asked for without not_after, and its lease_token gives it none; use an API key with ROLE_RESERVE`);
}

function mustBeGood({ keyring }: Service["principals"], { id, principal }: Lease): void {
  if (keyring.isRevoked(principal))
    throw tooNarrow(`the key that asked for lease ${id} was revoked; its lease_token can release it, and nothing else`);
}

function notOfToken(caller: Identity, leaseId: string): Error {
  return failure("NOT_YOURS", `this lease_token is for lease ${caller.lease}, not for ${leaseId}`);
}

async function mayLookAt(service: Service, { lease = "" }: Identity, rule: Rule, message: About): Promise<void> {
  const { environment = "", pool = "", selector = "" } = message;
  if (pool !== "" || selector !== "" || (environment === "" && rule.ofAll === true))
    throw tooNarrow("a lease_token opens no whole pool, only the environments that its lease names; name one of them, or use an API key");
  // The request names nothing: the method refuses it.
  if (environment === "") return;
  const found = await service.engine.views.lease(lease);
  if (found === undefined || found.lease.state === "ENDED")
    throw tooNarrow(`lease ${lease} has ended, and with it what its lease_token opened; use an API key`);
  mustBeGood(service.principals, found.lease);
  const names = namesOf(found.lease).join(", ") || "what its lease will be granted";
  if (!isOn(found.lease, environment)) throw tooNarrow(`this lease_token is for ${names}; use an API key`);
}

function tooNarrow(message: string): Error {
  return failure("TOKEN_TOO_NARROW", message);
}
