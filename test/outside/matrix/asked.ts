// How each line of the table is asked, and what it needs to be let in.
import type { CallOptions } from "@connectrpc/connect";
import { Role } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { GroupBy } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { ahead } from "../clients.ts";
import type { WayClients } from "./ways.ts";

/** What a call is about. */
export interface Target {
  readonly environment: string;
  readonly leaseId: string;
  readonly keyId: string;
}

/**
 * What whoever is let in asks for, so that the same call can be made by many: a name that nobody has, an environment that is configured, one
 * that is DIRTY, a lease of the caller's own.
 */
export type Fresh = "name" | "configured" | "dirty" | "own lease";

interface RpcAsked {
  readonly rpc: (clients: WayClients, target: Target, options: CallOptions) => Promise<unknown>;
  readonly fresh?: Fresh;
  /** A stream in both directions. */
  readonly twoWay?: true;
}

interface PlainAsked {
  readonly plain: (target: Target) => readonly [method: string, path: string];
  readonly fresh?: Fresh;
}

export type Asked = RpcAsked | PlainAsked;

/** Where the environments are that a selector finds, and those that are cleaned. */
export const POOLS = { many: "few", dirty: "yard" } as const;

/** The first message of a stream, which is then left. */
async function first(stream: AsyncIterable<unknown>): Promise<void> {
  const messages = stream[Symbol.asyncIterator]();
  await messages.next();
  await messages.return?.();
}

async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
}

const listServices = { messageRequest: { case: "listServices", value: "" } } as const;
const onlyPool = { pool: POOLS.many };

const LOCKS: Readonly<Record<string, RpcAsked>> = {
  Check: { rpc: ({ locks }, { environment }, options) => locks.check({ environment }, options) },
  "Check of a pool": { rpc: ({ locks }, _, options) => locks.check(onlyPool, options) },
  Acquire: { rpc: ({ locks }, { environment }, options) => locks.acquire({ environment }, options), fresh: "name" },
  "Acquire with not_after": {
    rpc: ({ locks }, { environment }, options) => locks.acquire({ environment, notAfter: ahead(600) }, options),
    fresh: "name",
  },
  "Acquire with not_before": {
    rpc: ({ locks }, { environment }, options) => locks.acquire({ environment, notBefore: ahead(600) }, options),
    fresh: "name",
  },
  "Acquire with auto_claim": {
    rpc: ({ locks }, { environment }, options) => locks.acquire({ environment, autoClaim: true, notAfter: ahead(600) }, options),
    fresh: "name",
  },
  "Acquire by selector": { rpc: ({ locks }, _, options) => locks.acquire({ ...onlyPool, needs: [{ selector: "many" }] }, options) },
  Release: { rpc: ({ locks }, { leaseId }, options) => locks.release({ leaseId }, options), fresh: "own lease" },
  "Release of another's": { rpc: ({ locks }, { leaseId }, options) => locks.release({ leaseId }, options) },
  "Release by name": { rpc: ({ locks }, { environment }, options) => locks.release({ environment }, options), fresh: "own lease" },
  Renew: { rpc: ({ locks }, { leaseId }, options) => locks.renew({ leaseId }, options), fresh: "own lease" },
  "Renew of another's": { rpc: ({ locks }, { leaseId }, options) => locks.renew({ leaseId }, options) },
  "Renew with not_after": {
    rpc: ({ locks }, { leaseId }, options) => locks.renew({ leaseId, notAfter: ahead(600) }, options),
    fresh: "own lease",
  },
  GetLease: { rpc: ({ locks }, { leaseId }, options) => locks.getLease({ leaseId }, options) },
  CheckFence: { rpc: ({ locks }, { environment }, options) => locks.checkFence({ environment, fencingToken: 1n }, options) },
  WatchEnvironment: { rpc: ({ locks }, { environment }, options) => first(locks.watchEnvironment({ environment }, options)) },
  "WatchEnvironment of a pool": { rpc: ({ locks }, _, options) => first(locks.watchEnvironment(onlyPool, options)) },
  "WatchEnvironment of everything": { rpc: ({ locks }, _, options) => first(locks.watchEnvironment({}, options)) },
  WatchLease: { rpc: ({ locks }, { leaseId }, options) => first(locks.watchLease({ leaseId }, options)) },
};

const ENVIRONMENTS: Readonly<Record<string, RpcAsked>> = {
  ListEnvironments: { rpc: ({ environments }, _, options) => environments.listEnvironments({ pageSize: 1 }, options) },
  "ListEnvironments of a pool": { rpc: ({ environments }, _, options) => environments.listEnvironments(onlyPool, options) },
  GetEnvironment: { rpc: ({ environments }, { environment }, options) => environments.getEnvironment({ environment }, options) },
  ApplyEnvironments: {
    rpc: ({ environments }, { environment: name }, options) => environments.applyEnvironments({ environments: [{ name }] }, options),
    fresh: "name",
  },
  "ApplyEnvironments of a pool": {
    rpc: ({ environments }, _, options) => environments.applyEnvironments({ pools: [{ name: "set", maxQueue: 5 }] }, options),
  },
  DeleteEnvironment: {
    rpc: ({ environments }, { environment }, options) => environments.deleteEnvironment({ environment }, options),
    fresh: "configured",
  },
  SetEnvironmentState: {
    rpc: ({ environments }, { environment }, options) =>
      environments.setEnvironmentState({ environment, state: EnvironmentState.DRAINING }, options),
  },
  ForceRelease: { rpc: ({ environments }, { leaseId }, options) => environments.forceRelease({ leaseId, reason: "x" }, options) },
  AcquireForCleaning: {
    rpc: ({ environments }, { environment }, options) => environments.acquireForCleaning({ environment }, options),
    fresh: "dirty",
  },
  "AcquireForCleaning in a pool": {
    rpc: ({ environments }, _, options) => environments.acquireForCleaning({ pool: POOLS.dirty }, options),
    fresh: "dirty",
  },
  ListLeases: { rpc: ({ environments }, _, options) => environments.listLeases({ pageSize: 1 }, options) },
  "ListLeases of a pool": { rpc: ({ environments }, _, options) => environments.listLeases({ filter: onlyPool }, options) },
  "ListLeases of one": {
    rpc: ({ environments }, { environment }, options) => environments.listLeases({ filter: { environment } }, options),
  },
};

const INSIGHT: Readonly<Record<string, RpcAsked>> = {
  ListEvents: { rpc: ({ insight }, _, options) => insight.listEvents({ pageSize: 1 }, options) },
  "ListEvents of a pool": { rpc: ({ insight }, _, options) => insight.listEvents({ pageSize: 1, filter: onlyPool }, options) },
  "ListEvents of one": {
    rpc: ({ insight }, { environment }, options) => insight.listEvents({ pageSize: 1, filter: { environment } }, options),
  },
  GetStats: { rpc: ({ insight }, _, options) => insight.getStats({ groupBy: GroupBy.POOL }, options) },
  "GetStats of a pool": { rpc: ({ insight }, _, options) => insight.getStats({ filter: onlyPool }, options) },
  "GetStats of one": { rpc: ({ insight }, { environment }, options) => insight.getStats({ filter: { environment } }, options) },
  ListNotices: { rpc: ({ insight }, _, options) => insight.listNotices({}, options) },
  RetryNotice: { rpc: ({ insight }, _, options) => insight.retryNotice({ id: "msg_of_nobody" }, options) },
  DropNotices: { rpc: ({ insight }, _, options) => insight.dropNotices({ id: "msg_of_nobody" }, options) },
  TestNotices: { rpc: ({ insight }, _, options) => insight.testNotices({}, options) },
};

const ACCESS: Readonly<Record<string, RpcAsked>> = {
  CreateKey: {
    rpc: ({ access }, _, options) => access.createKey({ label: "made", grants: [{ role: Role.ADMIN, patterns: ["*"] }] }, options),
  },
  ListKeys: { rpc: ({ access }, _, options) => access.listKeys({}, options) },
  RotateKey: { rpc: ({ access }, { keyId: id }, options) => access.rotateKey({ id }, options) },
  RevokeKey: { rpc: ({ access }, { keyId: id }, options) => access.revokeKey({ id }, options) },
  WhoAmI: { rpc: ({ access }, _, options) => access.whoAmI({}, options) },
};

const PLAIN: Readonly<Record<string, Asked>> = {
  "GET /maybe": { plain: ({ environment }) => ["GET", `/maybe?environment=${environment}`], fresh: "name" },
  "POST /maybe": { plain: ({ environment }) => ["POST", `/maybe?environment=${environment}`], fresh: "name" },
  "DELETE /maybe": { plain: ({ environment }) => ["DELETE", `/maybe?environment=${environment}`], fresh: "name" },
  "GET /watch": { plain: ({ environment }) => ["GET", `/watch?environment=${environment}`] },
  "GET /watch of a pool": { plain: () => ["GET", `/watch?pool=${POOLS.many}`] },
  "GET /healthz": { plain: () => ["GET", "/healthz"] },
  "GET /readyz": { plain: () => ["GET", "/readyz"] },
  "GET /openapi.json": { plain: () => ["GET", "/openapi.json"] },
};

const OPEN: Readonly<Record<string, RpcAsked>> = {
  "Health.Check": { rpc: ({ health }, _, options) => health.check({}, options) },
  "ServerReflection of v1": {
    rpc: ({ reflection }, _, options) => first(reflection.serverReflectionInfo(once(listServices), options)),
    twoWay: true,
  },
  "ServerReflection of v1alpha": {
    rpc: ({ reflectionAlpha }, _, options) => first(reflectionAlpha.serverReflectionInfo(once(listServices), options)),
    twoWay: true,
  },
};

/** By the table's lines. */
export const ASKED: ReadonlyMap<string, Asked> = new Map<string, Asked>([
  ...named("LockService", LOCKS),
  ...named("EnvironmentService", ENVIRONMENTS),
  ...named("InsightService", INSIGHT),
  ...named("AccessService", ACCESS),
  ...Object.entries(PLAIN),
  ...Object.entries(OPEN),
]);

function named(service: string, asked: Readonly<Record<string, Asked>>): [string, Asked][] {
  return Object.entries(asked).map(([name, one]) => [`${service}.${name}`, one]);
}
