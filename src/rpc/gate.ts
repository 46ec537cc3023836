/** The one gate for calls of every transport: who is calling, and what they may do. */

import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Caller } from "../core/access/caller.ts";
import { isOn, namesOf } from "../core/model/needs.ts";
import type { Tell } from "../engine/watch/tell.ts";
import { failure } from "./errors.ts";
import type { Peer } from "./http/door/peer.ts";
import type { Call, Service } from "./methods/call.ts";
import type { Rule, Streaming, UnaryMethod } from "./methods/table.ts";
import { keyOf } from "./principal.ts";

/**
 * The caller, by the headers and the connection alone, before any body is read. Throws unauthenticated, permission_denied, or unavailable
 * while draining.
 */
export function admit(service: Service, rule: Rule, header: (name: string) => string | null | undefined, peer: Peer): Caller {
  const caller = { ...service.principals.identify(keyOf(header)), address: peer.address };
  if (rule.token === undefined && isNarrow(service, caller))
    throw tooNarrow("a lease_token is good for its own lease, and for looking at the environments that this names; use an API key");
  if (rule.begins && service.engine.draining.aborted)
    throw failure("DRAINING", "the server is about to stop; retry, with the same request_id if it had one");
  return caller;
}

/** What a request is about, in all methods that a lease_token opens. */
interface About {
  readonly leaseId?: string;
  readonly environment?: string;
  readonly pool?: string;
  readonly selector?: string;
}

/** Checks that the caller may do this to what the request names; throws permission_denied. A key may do everything. */
async function may(service: Service, caller: Caller, rule: Rule, about: About): Promise<void> {
  if (!isNarrow(service, caller)) return;
  if (rule.token === "LEASE") mayUseLease(caller, about);
  else await mayLookAt(service, caller, about);
}

/** Runs a unary method for a caller who was admitted. */
export async function perform(
  service: Service,
  method: UnaryMethod,
  message: MessageShape<DescMessage>,
  call: Call,
): Promise<MessageInitShape<DescMessage>> {
  const ended = service.engine.observed.called(method.desc.name);
  try {
    await may(service, call.caller, method, message as About);
    const answer = await method.run(service, message, call);
    ended();
    return answer;
  } catch (error) {
    ended(error);
    throw error;
  }
}

/** Tells the messages of a streaming method to a caller who was admitted; where a lease_token opens it, for as long as it does. */
export async function follow<I extends DescMessage, O extends DescMessage>(
  service: Service,
  method: Rule & { readonly run: Streaming<I, O> },
  message: MessageShape<I>,
  call: Call,
  tell: Tell<MessageShape<O>>,
): Promise<void> {
  if (!isNarrow(service, call.caller)) return method.run(service, message, call, tell);
  await may(service, call.caller, method, message as About);
  await method.run(service, message, call, async (told) => {
    await tell(told);
    await may(service, call.caller, method, message as About);
  });
}

/**
 * Whether the caller may do only what a lease_token opens. On a server without a key a token takes nothing away from what everybody may do.
 */
function isNarrow({ principals }: Service, caller: Caller): boolean {
  return caller.lease !== undefined && !principals.open;
}

function mayUseLease(caller: Caller, { leaseId = "" }: About): void {
  if (leaseId === "" || leaseId === caller.lease) return;
  throw failure("NOT_YOURS", `this lease_token is for lease ${caller.lease}, not for ${leaseId}`);
}

async function mayLookAt(service: Service, { lease = "" }: Caller, { environment = "", pool = "", selector = "" }: About): Promise<void> {
  if (pool !== "" || selector !== "")
    throw tooNarrow("a lease_token opens no whole pool, only the environments that its lease names; use an API key");
  // The request names nothing: the method refuses it.
  if (environment === "") return;
  const found = await service.engine.views.lease(lease);
  if (found === undefined || found.lease.state === "ENDED")
    throw tooNarrow(`lease ${lease} has ended, and with it what its lease_token opened; use an API key`);
  const names = namesOf(found.lease).join(", ") || "what its lease will be granted";
  if (!isOn(found.lease, environment)) throw tooNarrow(`this lease_token is for ${names}; use an API key`);
}

function tooNarrow(message: string): Error {
  return failure("TOKEN_TOO_NARROW", message);
}
