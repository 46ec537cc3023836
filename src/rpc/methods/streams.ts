/** LockService's streams. */
import { create, type MessageShape } from "@bufbuild/protobuf";
import {
  type WatchEnvironmentRequest,
  WatchEnvironmentResponseSchema,
  type WatchLeaseRequest,
  type WatchLeaseResponseSchema,
} from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Identity } from "../../access/identity.ts";
import { limits } from "../../core/limits.ts";
import { Slice } from "../../engine/slice.ts";
import { watchEverything } from "../../engine/watch/everything.ts";
import type { WatchMessage } from "../../engine/watch/message.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import { watch } from "../../engine/watch/watch.ts";
import { badField, failure } from "../errors.ts";
import { notAllowed } from "../guards.ts";
import { countStream } from "../limiting.ts";
import { learn, sightOf } from "../sight.ts";
import type { Call, Service } from "./call.ts";
import { type Usual, watchMessage } from "./convert.ts";
import { HEARTBEAT_MS, LeaseReader } from "./lease-reader.ts";
import { topicOf } from "./topic.ts";

type Message = MessageShape<typeof WatchEnvironmentResponseSchema>;

/** One message object for all readers of an event, so that it is encoded once for them. */
const messages = new WeakMap<WatchMessage, { readonly recalled: number; readonly message: Message }>();

export async function watchEnvironment(service: Service, request: WatchEnvironmentRequest, call: Call, tell: Tell<Message>): Promise<void> {
  const { engine } = service;
  const topic = namesNothing(request) ? undefined : await topicOf(service, request, call.caller);
  if (topic === undefined) return watchAll(service, request, call, tell);
  const since = request.sinceRevision === 0n ? {} : { since: Number(request.sinceRevision) };
  const leave = admit(service, "pool" in topic ? topic.pool : engine.views.homeOf(topic.environment).name, call);
  try {
    await watch(engine, topic, { ...since, heartbeat: HEARTBEAT_MS, call }, (told) => {
      if ("environment" in topic) mustSee(call.caller, told);
      return tell(messageOf(told, engine.views));
    });
  } finally {
    leave();
  }
  sayGoodbye(service);
}

function namesNothing({ environment, pool, selector }: WatchEnvironmentRequest): boolean {
  return environment === "" && pool === "" && selector === "";
}

/** All that the caller sees. */
async function watchAll(service: Service, request: WatchEnvironmentRequest, call: Call, tell: Tell<Message>): Promise<void> {
  const { engine } = service;
  if (request.sinceRevision !== 0n)
    throw badField("since_revision", "is for a watch of one environment or pool; leave it out, and the watch begins with a SNAPSHOT");
  const sight = sightOf(call.caller);
  const leave = admit(service, EVERYTHING, call);
  try {
    const slice = new Slice();
    for (const pool of engine.views.pools()) await learn(sight?.within(pool.name), pool, slice);
    await watchEverything(engine, sight, { heartbeat: HEARTBEAT_MS, call }, (told) => tell(messageOf(told, engine.views)));
  } finally {
    leave();
  }
  sayGoodbye(service);
}

/** An environment is followed by name, whatever pool it turns up in: its next one may be none that the caller sees. */
function mustSee(caller: Identity, { environments }: WatchMessage): void {
  const sight = sightOf(caller);
  for (const { pool, name } of sight === undefined ? [] : environments)
    if (!sight?.has(pool, name)) throw notAllowed(caller, "VIEW", JSON.stringify(name), name);
}

function messageOf(told: WatchMessage, usual: Usual): Message {
  const { recalled } = usual;
  const known = messages.get(told);
  if (known?.recalled === recalled) return known.message;
  const message = create(WatchEnvironmentResponseSchema, watchMessage(told, usual));
  messages.set(told, { recalled, message });
  return message;
}

/** Where watches of everything are counted: the name of no pool. */
const EVERYTHING = "*";

/** Counts an open stream until the returned function is called. Throws resource_exhausted. */
function admit({ engine, throttle }: Service, pool: string, call: Call): () => void {
  const { hub } = engine;
  const { pool: inPool, total } = limits.watchers;
  const refuse = (limit: number) =>
    failure("LIMIT_REACHED", `the limit of ${limit} open watches is reached; close some, or try again later`);
  if (hub.readers(pool) >= inPool) throw refuse(inPool);
  if (hub.readers() >= total) throw refuse(total);
  const close = countStream(throttle, call.caller);
  const leave = hub.admit(pool);
  return () => {
    close();
    leave();
  };
}

/** Follows one lease until its end was told. It is a continuous sign of life, if the caller may give one (rule 3). */
export async function watchLease(
  service: Service,
  request: WatchLeaseRequest,
  call: Call,
  tell: Tell<MessageShape<typeof WatchLeaseResponseSchema>>,
): Promise<void> {
  const { engine } = service;
  const reader = await LeaseReader.open(service, request.leaseId, call, tell);
  const count = admit(service, reader.pool, call);
  const { pause, close } = engine.hub.pause(call, true);
  const unfollow = engine.hub.follow(reader.id, () => pause.wake());
  try {
    await reader.begin();
    while (!reader.isAtEnd && !pause.ended) {
      await pause.slept(reader.patience);
      if (!pause.ended) await reader.look();
    }
  } finally {
    reader.close();
    count();
    unfollow();
    close();
  }
  if (!reader.isAtEnd) sayGoodbye(service);
}

function sayGoodbye(service: Service): void {
  if (service.engine.draining.aborted) throw failure("DRAINING", "the server is about to stop; watch again");
}
