/** What the reader of one lease is told. */
import { create, type MessageShape } from "@bufbuild/protobuf";
import { WatchLeaseResponseSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Lease } from "../../core/model/lease.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { Micros } from "../../core/model/units.ts";
import { type Standing, standingOf } from "../../core/standing.ts";
import type { LeaseView } from "../../engine/views.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import { notAllowed } from "../guards.ts";
import { seesLease } from "../sight.ts";
import type { Call, Service } from "./call.ts";
import { leaseMessage, type Present } from "./convert.ts";
import { findLease, isOwner } from "./lock.ts";
import { isPartlyHidden, shownLease } from "./shown.ts";
import { givesVariables, heldMessage } from "./variables.ts";

/** In milliseconds, also for streams of other things. */
export const HEARTBEAT_MS = 15_000;
/** How often a new place in line is told. */
const POSITION_MS = 5_000;
/** How old `ttl_remaining` may be in a message that readers share, in microseconds: no older than a network may make it. */
const AGE = 100_000;

type Message = MessageShape<typeof WatchLeaseResponseSchema>;

/**
 * The stream of one lease. It keeps a sight of the lease, and not the pool that this was read from: thousands of streams would keep as many
 * versions of it. (An asynchronous function that waits keeps all that it has named, used or not.)
 */
export class LeaseReader {
  readonly #service: Service;
  readonly #call: Call;
  readonly #tell: Tell<Message>;
  readonly #own: boolean;
  readonly id: string;
  readonly pool: string;
  #found: LeaseView | undefined;
  #seen: Sight | undefined;
  #spoken = 0;
  #leave = () => {};

  private constructor(service: Service, found: LeaseView, call: Call, tell: Tell<Message>) {
    this.#service = service;
    this.#call = call;
    this.#tell = tell;
    this.#own = isOwner(call, found.lease);
    this.id = found.lease.id;
    this.pool = found.lease.pool;
    this.#found = found;
  }

  /** Throws not_found. */
  static async open(service: Service, id: string, call: Call, tell: Tell<Message>): Promise<LeaseReader> {
    return new LeaseReader(service, await findLease(service, id), call, tell);
  }

  /** Whether the lease's end was told. */
  get isAtEnd(): boolean {
    return this.#seen?.state === "ENDED";
  }

  /** After how many milliseconds it must look again, whatever happens. */
  get patience(): number {
    return this.#seen?.state === "QUEUED" ? POSITION_MS : HEARTBEAT_MS;
  }

  /** Tells the lease as it is. Of its own lease the caller gives a sign of life from here on, until `close`. */
  async begin(): Promise<void> {
    const found = this.#found ?? (await findLease(this.#service, this.id));
    this.#found = undefined;
    if (!this.#own) return this.#say(found, sightOf(found), WatchKind.SNAPSHOT);
    const { view, leave } = await this.#service.engine.attend(found, this.#call);
    this.#leave = leave;
    await this.#say(view, sightOf(view), WatchKind.SNAPSHOT);
  }

  /** Tells what is new, or a heartbeat if there has been nothing for a while. */
  async look(): Promise<void> {
    const found = await findLease(this.#service, this.id);
    const view = this.#own ? await this.#service.engine.keep(found, this.#call) : found;
    const sight = sightOf(view);
    const news = this.#seen === undefined || isNews(this.#seen, sight);
    if (!news && performance.now() - this.#spoken < HEARTBEAT_MS - POSITION_MS / 2) return;
    await this.#say(view, sight, news ? WatchKind.CHANGE : WatchKind.HEARTBEAT);
  }

  close(): void {
    this.#leave();
  }

  async #say({ lease, pool }: LeaseView, sight: Sight, kind: WatchKind): Promise<void> {
    this.#seen = sight;
    this.#spoken = performance.now();
    const { views } = this.#service.engine;
    // What is for the holder alone is in a message that nobody else is given.
    if (this.#own && givesVariables(lease, pool))
      return await this.#tell(create(WatchLeaseResponseSchema, { lease: heldMessage(lease, pool, views, this.#service.secrets), kind }));
    await this.#tell(this.#messageOf({ lease, pool }, kind));
  }

  /** What an onlooker sees of it; one who does not see all is told of it alone. */
  #messageOf(view: LeaseView, kind: WatchKind): Message {
    const { caller } = this.#call;
    const { views } = this.#service.engine;
    if (this.#own || !isPartlyHidden(caller, view)) return messageOf(view, kind, views);
    // Who waited by selector was given something else than what its onlooker sees.
    if (view.lease.state !== "ENDED" && !seesLease(caller, view.lease, view.pool))
      throw notAllowed(caller, "VIEW", `what lease ${view.lease.id} is on`);
    return create(WatchLeaseResponseSchema, { lease: shownLease(caller, view, views), kind });
  }
}

/** What was told of a lease last. */
interface Told {
  readonly at: Micros;
  readonly messages: Map<WatchKind, Message>;
}

/** By the version of the pool, which this does not keep. */
const lastTold = new WeakMap<Pool, Map<Lease, Told>>();

/** The message of a lease as it is: one object, and so one encoding, for all of its readers who are told at about the same time. */
function messageOf({ lease, pool }: LeaseView, kind: WatchKind, present: Present): Message {
  const now = present.now();
  const known = lastTold.get(pool) ?? new Map<Lease, Told>();
  const last = known.get(lease);
  const told = last !== undefined && now - last.at <= AGE ? last : { at: now, messages: new Map<WatchKind, Message>() };
  lastTold.set(pool, known.set(lease, told));
  const message = told.messages.get(kind) ?? create(WatchLeaseResponseSchema, { lease: leaseMessage(lease, pool, present), kind });
  told.messages.set(kind, message);
  return message;
}

/** The part of a lease whose change is told. */
interface Sight extends Pick<Lease, "state" | "fencingToken" | "cancelRequested">, Partial<Standing> {}

function sightOf({ lease, pool }: LeaseView): Sight {
  const { state, fencingToken, cancelRequested } = lease;
  const asked = cancelRequested && { cancelRequested };
  return { state, ...asked, ...(fencingToken !== undefined && { fencingToken }), ...(state === "QUEUED" && standingOf(pool, lease)) };
}

function isNews(before: Sight, after: Sight): boolean {
  const told = ["state", "fencingToken", "cancelRequested", "position", "queueLength", "holder"] as const;
  return told.some((fact) => before[fact] !== after[fact]);
}
