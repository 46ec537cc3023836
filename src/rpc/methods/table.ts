/** Every method of the contract, once: what does it, and what it takes to call it. A method without a row does not compile. */
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { AccessService } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Role } from "../../core/access/grant.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import {
  type Asked,
  freely,
  type Guard,
  onDirty,
  onEnvironment,
  onEverything,
  onFilter,
  onFleet,
  onHeld,
  onLease,
  onNeeds,
  onPast,
  onPool,
  onRenewal,
  onWholeLease,
} from "../guards.ts";
import * as access from "./access.ts";
import type { Call, Service } from "./call.ts";
import { acquireForCleaning } from "./cleaning.ts";
import * as environments from "./environments.ts";
import * as insight from "./insight.ts";
import * as lists from "./lists.ts";
import * as lock from "./lock.ts";
import * as notices from "./notices.ts";
import * as streams from "./streams.ts";

/** What it takes to call something; see `admit` and `may` in gate.ts. */
export interface Rule {
  /** What it is called on record. */
  readonly name?: string;
  /** Of a method: the path of its requests, such as `/callme.v1.LockService/Check`. */
  readonly path?: string;
  /** The roles of which a caller must have one, for anything at all. The first is what its guard asks for. */
  readonly access: readonly [Role, ...Role[]];
  /** What a lease_token opens of it by itself: its own lease, or the environments that its lease names. Nothing, if absent. */
  readonly token?: "LEASE" | "ENVIRONMENTS";
  /** A request that names nothing is for all that its caller sees. */
  readonly ofAll?: true;
  /** Largest request, in bytes. */
  readonly size: number;
  /** Somebody looks: it may wait while there is much else to do. */
  readonly look?: true;
  /** Refused while the server drains: it would begin something new. */
  readonly begins?: true;
  /** A lease_token opens it also where the key that asked for the lease was revoked. */
  readonly givesBack?: true;
}

/** What is asked about what a request names, of a caller who may not do everything. */
export interface Guarded {
  guard(asked: Asked<MessageShape<DescMessage>>): void | Promise<void>;
}

export type Unary<I extends DescMessage, O extends DescMessage> = (
  service: Service,
  message: MessageShape<I>,
  call: Call,
) => Promise<MessageInitShape<O>>;

/** Tells whole messages until it resolves: an object that many readers are told is encoded once for all of them. */
export type Streaming<I extends DescMessage, O extends DescMessage> = (
  service: Service,
  message: MessageShape<I>,
  call: Call,
  tell: Tell<MessageShape<O>>,
) => Promise<void>;

/** A method's row. */
export type Row<M> = Rule &
  (M extends { methodKind: "unary"; input: infer I extends DescMessage; output: infer O extends DescMessage }
    ? { readonly run: Unary<I, O>; readonly guard: Guard<I> }
    : M extends { input: infer I extends DescMessage; output: infer O extends DescMessage }
      ? { readonly run: Streaming<I, O>; readonly guard: Guard<I> }
      : never);
type Rows<Methods> = { readonly [Name in keyof Methods]: Row<Methods[Name]> };

const KIB = 1024;
const VIEW = { access: ["VIEW"], size: 64 * KIB } as const;
const LOOK = { ...VIEW, look: true } as const;
const USE = { access: ["USE"], size: 64 * KIB } as const;
const OPERATE = { access: ["OPERATE"], size: 64 * KIB } as const;
const CLEAN = { access: ["CLEAN"], size: 64 * KIB } as const;
const ADMIN = { access: ["ADMIN"], size: 64 * KIB } as const;

/** Of one's own leases: whoever may have one. */
const OWN = { access: ["USE", "CLEAN"], size: 64 * KIB } as const;

export const LOCK_SERVICE: Rows<typeof LockService.method> = {
  check: { run: lock.check, guard: onEnvironment, ...VIEW, token: "ENVIRONMENTS" },
  acquire: { run: lock.acquire, guard: onNeeds, ...USE, begins: true },
  release: { run: lock.release, guard: onHeld, ...OWN, token: "LEASE", givesBack: true },
  renew: { run: lock.renew, guard: onRenewal, ...OWN, token: "LEASE" },
  getLease: { run: lock.getLease, guard: onLease, ...VIEW, token: "LEASE" },
  checkFence: { run: lock.checkFence, guard: onEnvironment, ...VIEW, token: "ENVIRONMENTS" },
  watchEnvironment: { run: streams.watchEnvironment, guard: onEnvironment, ...LOOK, token: "ENVIRONMENTS", ofAll: true },
  watchLease: { run: streams.watchLease, guard: onLease, ...VIEW, token: "LEASE" },
};

const ENVIRONMENT_SERVICE: Rows<typeof EnvironmentService.method> = {
  listEnvironments: { run: lists.list, guard: onPool, ...LOOK },
  getEnvironment: { run: environments.get, guard: onEnvironment, ...LOOK, token: "ENVIRONMENTS" },
  // Large enough for a whole fleet.
  applyEnvironments: { run: environments.apply, guard: onFleet, ...ADMIN, size: 4 * KIB * KIB },
  deleteEnvironment: { run: environments.remove, guard: onEnvironment, ...ADMIN },
  setEnvironmentState: { run: environments.setState, guard: onEnvironment, ...OPERATE },
  acquireForCleaning: { run: acquireForCleaning, guard: onDirty, ...CLEAN, begins: true },
  forceRelease: { run: environments.forceRelease, guard: onWholeLease, ...OPERATE },
  listLeases: { run: lists.listLeases, guard: onFilter, ...LOOK },
};

const INSIGHT_SERVICE: Rows<typeof InsightService.method> = {
  listEvents: { run: insight.listEvents, guard: onPast, ...LOOK },
  getStats: { run: insight.getStats, guard: onPast, ...LOOK },
  listNotices: { run: notices.listNotices, guard: onEverything, ...ADMIN },
  retryNotice: { run: notices.retryNotice, guard: onEverything, ...ADMIN },
  dropNotices: { run: notices.dropNotices, guard: onEverything, ...ADMIN },
  testNotices: { run: notices.testNotices, guard: onEverything, ...ADMIN },
};

const ACCESS_SERVICE: Rows<typeof AccessService.method> = {
  createKey: { run: access.createKey, guard: onEverything, ...ADMIN },
  listKeys: { run: access.listKeys, guard: onEverything, ...ADMIN },
  rotateKey: { run: access.rotateKey, guard: onEverything, ...ADMIN },
  revokeKey: { run: access.revokeKey, guard: onEverything, ...ADMIN },
  whoAmI: { run: access.whoAmI, guard: freely, ...LOOK, token: "LEASE" },
};

/** The figures for a monitoring system; see metrics.ts in http. */
export const METRICS = { ...VIEW, name: "GET /metrics" } as const satisfies Rule;

/** The original's route, by its HTTP methods; a lease_token opens nothing there. */
export const MAYBE = {
  GET: { ...VIEW, name: "GET /maybe" },
  POST: { ...USE, name: "POST /maybe", begins: true },
  DELETE: { ...USE, name: "DELETE /maybe" },
} as const satisfies Record<string, Rule>;

/** The method that /watch is another form of. */
export const WATCH = { ...LOCK_SERVICE.watchEnvironment, path: `/${LockService.typeName}/${LockService.method.watchEnvironment.name}` };

/** A method of any message types, for what surrounds all of them alike. */
export type Method = Rule &
  Guarded & {
    readonly path: string;
  } & (
    | { readonly desc: DescMethodUnary; readonly run: Unary<DescMessage, DescMessage> }
    | { readonly desc: DescMethodServerStreaming; readonly run: Streaming<DescMessage, DescMessage> }
  );

/** A method with one answer. */
export type UnaryMethod = Extract<Method, { desc: { methodKind: "unary" } }>;

/** A method whose answer has several messages. */
export type StreamingMethod = Exclude<Method, UnaryMethod>;

/** The services' methods by their path. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  [
    ...methodsOf(LockService.method, LOCK_SERVICE),
    ...methodsOf(EnvironmentService.method, ENVIRONMENT_SERVICE),
    ...methodsOf(InsightService.method, INSIGHT_SERVICE),
    ...methodsOf(AccessService.method, ACCESS_SERVICE),
  ].map((method) => [method.path, method]),
);

const LOCKING = [...METHODS.values()].filter((method) => method.desc.parent === LockService);

/** Those that CI jobs call most, and those that they watch by. */
export const USUAL: readonly UnaryMethod[] = LOCKING.filter(isUnary);
export const USUAL_STREAMS: readonly StreamingMethod[] = LOCKING.filter((method): method is StreamingMethod => !isUnary(method));

/** Whether a method has one answer. */
export function isUnary(method: Method): method is UnaryMethod {
  return method.desc.methodKind === "unary";
}

function methodsOf<Methods extends Readonly<Record<string, DescMethod>>>(methods: Methods, rows: Rows<Methods>): Method[] {
  return Object.entries(methods).map(([name, desc]) => {
    const path = `/${desc.parent.typeName}/${desc.name}`;
    return { ...rows[name], name: desc.name, desc, path } as unknown as Method;
  });
}
