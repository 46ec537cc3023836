/** LockService's streams. */
import { create, type MessageShape } from "@bufbuild/protobuf";
import {
  type WatchEnvironmentRequest,
  WatchEnvironmentResponseSchema,
  type WatchLeaseRequest,
  WatchLeaseResponseSchema,
} from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../../gen/ts/callme/v1/types_pb.ts";
import { limits } from "../../core/limits.ts";
import type { Lease } from "../../core/model.ts";
import { type Standing, standingOf } from "../../core/view.ts";
import type { LeaseView } from "../../engine/views.ts";
import type { WatchMessage } from "../../engine/watch/message.ts";
import type { Pause } from "../../engine/watch/pause.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import { watch } from "../../engine/watch/watch.ts";
import { failure } from "../errors.ts";
import type { Call, Service } from "./call.ts";
import { leaseMessage, watchMessage } from "./convert.ts";
import { findLease, isOwner } from "./lock.ts";
import { topicOf } from "./topic.ts";

const HEARTBEAT_MS = 15_000;
/** How often a new place in line is told. */
const POSITION_MS = 5_000;

type Message = MessageShape<typeof WatchEnvironmentResponseSchema>;

/** One message object for all readers of an event, so that it is encoded once for them. */
const messages = new WeakMap<WatchMessage, Message>();

export async function watchEnvironment(service: Service, request: WatchEnvironmentRequest, call: Call, tell: Tell<Message>): Promise<void> {
  const { engine } = service;
  const topic = topicOf(service, request);
  const since = request.sinceRevision === 0n ? {} : { since: Number(request.sinceRevision) };
  const leave = admit(service, "pool" in topic ? topic.pool : engine.views.homeOf(topic.environment).name);
  try {
    await watch(engine, topic, { ...since, heartbeat: HEARTBEAT_MS, signal: call.signal }, (told) => tell(messageOf(told)));
  } finally {
    leave();
  }
  sayGoodbye(service);
}

function messageOf(told: WatchMessage): Message {
  const known = messages.get(told);
  if (known !== undefined) return known;
  const message = create(WatchEnvironmentResponseSchema, watchMessage(told));
  messages.set(told, message);
  return message;
}

/** Counts an open stream until the returned function is called. Throws resource_exhausted. */
function admit({ engine }: Service, pool: string): () => void {
  const { hub } = engine;
  const { pool: inPool, total } = limits.watchers;
  const refuse = (limit: number) =>
    failure("LIMIT_REACHED", `the limit of ${limit} open watches is reached; close some, or try again later`);
  if (hub.readers(pool) >= inPool) throw refuse(inPool);
  if (hub.readers() >= total) throw refuse(total);
  return hub.admit(pool);
}

/** Follows one lease until its end was told. It is a continuous sign of life, if the caller may give one (rule 3). */
export async function watchLease(
  service: Service,
  request: WatchLeaseRequest,
  call: Call,
  tell: Tell<MessageShape<typeof WatchLeaseResponseSchema>>,
): Promise<void> {
  const { engine } = service;
  let view = await findLease(service, request.leaseId);
  const { id } = view.lease;
  const own = isOwner(call, view.lease);
  const count = admit(service, view.lease.pool);
  let leave = () => {};
  const { pause, close } = follow(service, id, call.signal);
  try {
    if (own) ({ view, leave } = await engine.attend(view, call));
    let seen = sightOf(view);
    await tell(message(service, view, WatchKind.SNAPSHOT));
    let spoken = performance.now();
    while (seen.state !== "ENDED" && !pause.ended) {
      await pause.slept(seen.state === "QUEUED" ? POSITION_MS : HEARTBEAT_MS);
      if (pause.ended) break;
      const found = await findLease(service, id);
      view = own ? await engine.keep(found, call) : found;
      const sight = sightOf(view);
      const news = isNews(seen, sight);
      if (!news && performance.now() - spoken < HEARTBEAT_MS - POSITION_MS / 2) continue;
      seen = sight;
      spoken = performance.now();
      await tell(message(service, view, news ? WatchKind.CHANGE : WatchKind.HEARTBEAT));
    }
  } finally {
    leave();
    count();
    close();
  }
  if (view.lease.state !== "ENDED") sayGoodbye(service);
}

/** A pause that is woken when the lease's state changes, and ends when the caller is gone or the server is about to stop. */
function follow({ engine }: Service, lease: string, signal: AbortSignal): { readonly pause: Pause; readonly close: () => void } {
  const { pause, close } = engine.hub.pause(true);
  const unfollow = engine.hub.follow(lease, () => pause.wake());
  const end = () => pause.end();
  signal.addEventListener("abort", end);
  if (signal.aborted || engine.draining.aborted) end();
  return {
    pause,
    close: () => {
      signal.removeEventListener("abort", end);
      unfollow();
      close();
    },
  };
}

function message(service: Service, { lease, pool }: LeaseView, kind: WatchKind): MessageShape<typeof WatchLeaseResponseSchema> {
  return create(WatchLeaseResponseSchema, { lease: leaseMessage(lease, pool, service.engine.views.now()), kind });
}

/** The part of a lease whose change is told; kept instead of the pool that it was read from. */
interface Sight extends Pick<Lease, "state" | "fencingToken">, Partial<Standing> {}

function sightOf({ lease, pool }: LeaseView): Sight {
  const { state, fencingToken } = lease;
  return { state, ...(fencingToken !== undefined && { fencingToken }), ...(state === "QUEUED" && standingOf(pool, lease)) };
}

function isNews(before: Sight, after: Sight): boolean {
  const told = ["state", "fencingToken", "position", "queueLength", "holder"] as const;
  return told.some((fact) => before[fact] !== after[fact]);
}

function sayGoodbye(service: Service): void {
  if (service.engine.draining.aborted) throw failure("DRAINING", "the server is about to stop; watch again");
}
