/** Puts the methods behind connect-es: gRPC, gRPC-Web and Connect. What surrounds a method is done once, here. */
import type { DescMethod, DescService, Registry } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createContextKey,
  type HandlerContext,
  type MethodImpl,
  type ServiceImpl,
} from "@connectrpc/connect";
import { AccessService, file_callme_v1_access_service } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService, file_callme_v1_environment_service } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { file_callme_v1_insight_service, InsightService } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { file_callme_v1_lock_service, LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { file_google_rpc_error_details } from "../../../gen/ts/google/rpc/error_details_pb.ts";
import { file_grpc_health_v1_health, Health } from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import type { Identity } from "../../access/identity.ts";
import { NO_RIGHTS } from "../../core/access/rights.ts";
import { admit, follow, perform } from "../gate.ts";
import { NOBODY, type Peer } from "../http/door/peer.ts";
import type { Call, Service } from "../methods/call.ts";
import { isUnary, METHODS, type Method } from "../methods/table.ts";
import { jsonOptions } from "../request-json.ts";
import { type Report, translated, unread } from "../thrown.ts";
import { courseKey } from "./course.ts";
import { type HealthState, healthService } from "./health.ts";
import { KeylessStreams } from "./keyless.ts";
import { reflectionServices } from "./reflection.ts";
import { relayed } from "./relay.ts";

/** Largest request of a service without a key, in bytes. */
const OPEN_LIMIT = 64 * 1024;

/** Who the request comes from; set by adapter.ts. */
export const peerKey = createContextKey<Peer>(NOBODY, { description: "peer" });
const NO_CALLER: Identity = { principal: "", kind: "ANONYMOUS", rights: NO_RIGHTS };
/** How a method learns that its answer did not get through; set by adapter.ts. */
export const handOverKey = createContextKey<Call["handOver"]>(() => () => {}, { description: "delivery of the answer" });

/** Every method of `table.ts`, and the services without a key. */
export function routes(service: Service, health: HealthState, report: Report): (router: ConnectRouter) => void {
  return (router) => {
    for (const method of METHODS.values()) {
      const requestGate = ({ values, requestHeader }: HandlerContext) => {
        const course = values.get(courseKey);
        course.isRefused = true;
        course.by = admit(service, method, (name) => requestHeader.get(name), values.get(peerKey));
        course.isRefused = false;
      };
      const options = { readMaxBytes: method.size, jsonOptions: jsonOptions(method.desc.input), requestGate };
      router.rpc(method.desc, surrounded(method.desc, implementation(service, method), report), options);
    }
    const { v1, v1alpha } = reflectionServices(FILES, SERVICES);
    // The methods above end by themselves: a signal that all calls listen to costs each of them a walk through the others.
    const opened = { shutdownSignal: service.engine.draining, streams: new KeylessStreams() };
    open(router, Health, healthService(health), report, opened);
    open(router, ServerReflection, v1, report, opened);
    open(router, ServerReflectionAlpha, v1alpha, report, opened);
  };
}

/** What connect-es calls, with any method's types: it gives a promise of a message, or several messages. */
type Implementation = (input: never, context: HandlerContext) => Promise<object> | AsyncIterable<object>;

function implementation(service: Service, method: Method): Implementation {
  if (isUnary(method)) return (message, context) => perform(service, method, message, callOf(context));
  return (message, context) => relayed(method.desc.output, (tell) => follow(service, method, message, callOf(context), tell), context);
}

/**
 * Serves every method of a service without a gate. `options` with a `registry`: the messages that an Any in them may hold; with `streams`: what
 * counts those that are open.
 */
export function open<S extends DescService>(
  router: ConnectRouter,
  service: S,
  methods: ServiceImpl<S>,
  report: Report,
  { registry, streams, ...options }: Partial<ConnectRouterOptions> & { readonly registry?: Registry; readonly streams?: KeylessStreams },
): void {
  const requestGate = ({ values, signal }: HandlerContext) => streams?.open(values.get(peerKey), signal);
  for (const desc of service.methods) {
    const method = (methods as Readonly<Record<string, Implementation>>)[desc.localName];
    if (method === undefined) throw new Error(`invariant: ${service.typeName} has ${desc.name}`);
    router.rpc(desc, surrounded(desc, method, report), {
      readMaxBytes: OPEN_LIMIT,
      jsonOptions: jsonOptions(desc.input, registry),
      ...(answersOnce(desc) ? {} : { requestGate }),
      ...options,
    });
  }
}

/** The method, with its errors turned into those of the contract, and unforeseen ones reported. */
function surrounded(desc: DescMethod, method: Implementation, report: Report): MethodImpl<DescMethod> {
  const told = (error: unknown) => translated(error, desc, report);
  const begin = (message: never, context: HandlerContext) => {
    context.values.get(courseKey).isRead = true;
    return method(readsOn(desc) ? (readable(message) as never) : message, context);
  };
  const once = async (message: never, context: HandlerContext): Promise<object> => {
    try {
      return await (begin(message, context) as Promise<object>);
    } catch (error) {
      throw told(error);
    }
  };
  const stream = async function* (message: never, context: HandlerContext): AsyncGenerator<object, void, undefined> {
    try {
      yield* begin(message, context) as AsyncIterable<object>;
    } catch (error) {
      throw told(error);
    }
  };
  return (answersOnce(desc) ? once : stream) as unknown as MethodImpl<DescMethod>;
}

function answersOnce({ methodKind }: DescMethod): boolean {
  return methodKind === "unary" || methodKind === "client_streaming";
}

/** Whether requests are read while the method runs. */
function readsOn({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

async function* readable(requests: AsyncIterable<unknown>): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* requests;
  } catch (error) {
    throw unread(error);
  }
}

const FILES = [
  file_callme_v1_lock_service,
  file_callme_v1_environment_service,
  file_callme_v1_insight_service,
  file_callme_v1_access_service,
  file_grpc_health_v1_health,
  file_google_rpc_error_details,
];
const SERVICES = [LockService.typeName, EnvironmentService.typeName, InsightService.typeName, AccessService.typeName, Health.typeName];

function callOf(context: HandlerContext): Call {
  return {
    caller: context.values.get(courseKey).by ?? NO_CALLER,
    system: context.protocolName.startsWith("grpc") ? "grpc" : "connectrpc",
    get gone() {
      return context.signal.aborted;
    },
    onGone: (listener) => context.signal.addEventListener("abort", listener),
    timeLeft: () => context.timeoutMs(),
    handOver: context.values.get(handOverKey),
  };
}
