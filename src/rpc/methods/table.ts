/** Every method of the contract, once: what does it, and what it takes to call it. A method without a row does not compile. */
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { EnvironmentService } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import type { Call, Service } from "./call.ts";
import { acquireForCleaning } from "./cleaning.ts";
import * as environments from "./environments.ts";
import * as insight from "./insight.ts";
import * as lock from "./lock.ts";
import * as streams from "./streams.ts";

/** What it takes to call something; see `admit` and `may` in gate.ts. */
export interface Rule {
  /** The role that includes it. */
  readonly access: "VIEW" | "USE" | "OPERATE" | "CLEAN" | "ADMIN";
  /** What a lease_token opens of it by itself: its own lease, or the environments that its lease names. Nothing, if absent. */
  readonly token?: "LEASE" | "ENVIRONMENTS";
  /** Largest request, in bytes. */
  readonly size: number;
  /** Refused while the server drains: it would begin something new. */
  readonly begins?: true;
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
    ? { readonly run: Unary<I, O> }
    : M extends { input: infer I extends DescMessage; output: infer O extends DescMessage }
      ? { readonly run: Streaming<I, O> }
      : never);
type Rows<Methods> = { readonly [Name in keyof Methods]: Row<Methods[Name]> };

const KIB = 1024;
const VIEW = { access: "VIEW", size: 64 * KIB } as const;
const USE = { access: "USE", size: 64 * KIB } as const;
const OPERATE = { access: "OPERATE", size: 64 * KIB } as const;
const CLEAN = { access: "CLEAN", size: 64 * KIB } as const;
const ADMIN = { access: "ADMIN", size: 64 * KIB } as const;

export const LOCK_SERVICE: Rows<typeof LockService.method> = {
  check: { run: lock.check, ...VIEW, token: "ENVIRONMENTS" },
  acquire: { run: lock.acquire, ...USE, begins: true },
  release: { run: lock.release, ...USE, token: "LEASE" },
  renew: { run: lock.renew, ...USE, token: "LEASE" },
  getLease: { run: lock.getLease, ...VIEW, token: "LEASE" },
  checkFence: { run: lock.checkFence, ...VIEW, token: "ENVIRONMENTS" },
  watchEnvironment: { run: streams.watchEnvironment, ...VIEW, token: "ENVIRONMENTS" },
  watchLease: { run: streams.watchLease, ...VIEW, token: "LEASE" },
};

const ENVIRONMENT_SERVICE: Rows<typeof EnvironmentService.method> = {
  listEnvironments: { run: environments.list, ...VIEW },
  getEnvironment: { run: environments.get, ...VIEW, token: "ENVIRONMENTS" },
  // Large enough for a whole fleet.
  applyEnvironments: { run: environments.apply, ...ADMIN, size: 4 * KIB * KIB },
  deleteEnvironment: { run: environments.remove, ...ADMIN },
  setEnvironmentState: { run: environments.setState, ...OPERATE },
  acquireForCleaning: { run: acquireForCleaning, ...CLEAN, begins: true },
  forceRelease: { run: environments.forceRelease, ...OPERATE },
  listLeases: { run: environments.listLeases, ...VIEW },
};

const INSIGHT_SERVICE: Rows<typeof InsightService.method> = {
  listEvents: { run: insight.listEvents, ...VIEW },
  getStats: { run: insight.getStats, ...VIEW },
};

/** The original's route, by its HTTP methods; a lease_token opens nothing there. */
export const MAYBE = {
  GET: VIEW,
  POST: { ...USE, begins: true },
  DELETE: USE,
} as const satisfies Record<string, Rule>;

/** A method of any message types, for what surrounds all of them alike. */
export type Method = Rule & {
  /** The path of its requests, such as `/callme.v1.LockService/Check`. */
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
    return { ...rows[name], desc, path } as unknown as Method;
  });
}
