/** What somebody is told who asks for too much, and how it is counted against him. */
import type { Throttle, TooMany } from "../access/throttle.ts";
import type { Caller } from "../core/access/caller.ts";
import { failure } from "./errors.ts";
import type { Peer } from "./http/door/peer.ts";

/** Counts a request of a caller who is known; throws resource_exhausted (RATE_LIMITED). */
export function countRequest(throttle: Throttle, caller: Caller, peer: Peer): void {
  const many = throttle.asks(caller);
  if (many !== undefined) throw rateLimited(many, peer);
}

/** Counts a request that no key is asked for; throws the same. */
export function countVisit(throttle: Throttle, peer: Peer): void {
  const many = throttle.visits(peer.address);
  if (many !== undefined) throw rateLimited(many, peer);
}

/** Counts a key or token that was refused. `id`: the one that it claims to be. */
export function countFailure(throttle: Throttle, id: string | undefined, peer: Peer): void {
  if (throttle.failed(peer.address, id)) peer.hold();
}

/** Counts a stream until the returned function is called; throws resource_exhausted (LIMIT_REACHED). */
export function countStream(throttle: Throttle, caller: Caller): () => void {
  const opened = throttle.opens(caller);
  if (typeof opened === "function") return opened;
  throw failure("LIMIT_REACHED", `${opened.most} streams are open ${opened.of}, which is all that may be; close some, or try again later`);
}

function rateLimited({ of, retryAfter }: TooMany, peer: Peer): Error {
  peer.refused();
  return failure("RATE_LIMITED", `too many requests ${of}; nothing was done: ask again in ${retryAfter} s`, { retryAfter });
}
