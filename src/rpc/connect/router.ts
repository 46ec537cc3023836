/** Puts the methods behind connect-es: gRPC, gRPC-Web and Connect. What surrounds a method is done once, here. */
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { createContextKey } from "@connectrpc/connect";
import { EnvironmentService, file_callme_v1_environment_service } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { file_callme_v1_lock_service, LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { file_google_rpc_error_details } from "../../../gen/ts/google/rpc/error_details_pb.ts";
import { file_grpc_health_v1_health, Health } from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import type { Caller } from "../../core/command.ts";
import { StoreFailure } from "../../store/store.ts";
import { failure, toConnectError } from "../errors.ts";
import type { Call, Service } from "../methods/call.ts";
import * as environments from "../methods/environments.ts";
import * as lock from "../methods/lock.ts";
import * as streams from "../methods/streams.ts";
import { keyOf } from "../principal.ts";
import { type HealthState, healthService } from "./health.ts";
import { reflectionServices } from "./reflection.ts";

/** Largest request body, in bytes; ApplyEnvironments may send a whole fleet, after its key was checked. */
export const BODY_LIMIT = 64 * 1024;
const APPLY_LIMIT = 4 * 1024 * 1024;

/** What a lease_token may call, on its own lease. */
const TOKEN_METHODS = new Set(["Release", "Renew", "GetLease", "WatchLease"]);
/** Services without a key. */
const OPEN = new Set(["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]);

const callerKey = createContextKey<Caller>({ principal: "" }, { description: "caller" });
/** How a method learns that its answer did not get through; set by adapter.ts. */
export const lostKey = createContextKey<Call["onLost"]>(() => {}, { description: "lost connection" });

/** Told of an error that nobody foresaw. */
export type Report = (error: unknown, method: string) => void;

/** Runs before a body is read: who is calling, and may they call this at all. */
export function gate(service: Service): (context: HandlerContext) => void {
  return (context) => {
    if (OPEN.has(context.service.typeName)) return;
    const caller = service.principals.identify(keyOf((name) => context.requestHeader.get(name)));
    if (caller.lease !== undefined && !(context.service === LockService && TOKEN_METHODS.has(context.method.name)))
      throw failure("TOKEN_TOO_NARROW", `a lease_token is good for ${[...TOKEN_METHODS].join(", ")} of its lease only; use an API key`);
    context.values.set(callerKey, caller);
  };
}

export function routes(service: Service, health: HealthState, report: Report): (router: ConnectRouter) => void {
  const unary =
    <I, O>(method: (service: Service, message: I, call: Call) => Promise<O>) =>
    async (message: I, context: HandlerContext): Promise<O> => {
      try {
        return await method(service, message, callOf(context));
      } catch (error) {
        throw translated(error, context, report);
      }
    };
  const stream = <I, O>(method: (service: Service, message: I, call: Call) => AsyncGenerator<O, void, undefined>) =>
    async function* (message: I, context: HandlerContext): AsyncGenerator<O, void, undefined> {
      try {
        yield* method(service, message, callOf(context));
      } catch (error) {
        throw translated(error, context, report);
      }
    };
  return (router) => {
    router.service(LockService, {
      check: unary(lock.check),
      acquire: unary(lock.acquire),
      release: unary(lock.release),
      renew: unary(lock.renew),
      getLease: unary(lock.getLease),
      checkFence: unary(lock.checkFence),
      watchEnvironment: stream(streams.watchEnvironment),
      watchLease: stream(streams.watchLease),
    });
    router.service(EnvironmentService, {
      listEnvironments: unary(environments.list),
      getEnvironment: unary(environments.get),
      deleteEnvironment: unary(environments.remove),
      setEnvironmentState: unary(environments.setState),
      forceRelease: unary(environments.forceRelease),
      listLeases: unary(environments.listLeases),
    });
    router.rpc(EnvironmentService.method.applyEnvironments, unary(environments.apply), { readMaxBytes: APPLY_LIMIT });
    router.service(Health, healthService(health));
    const { v1, v1alpha } = reflectionServices(FILES, SERVICES);
    router.service(ServerReflection, v1);
    router.service(ServerReflectionAlpha, v1alpha);
  };
}

const FILES = [file_callme_v1_lock_service, file_callme_v1_environment_service, file_grpc_health_v1_health, file_google_rpc_error_details];
const SERVICES = [LockService.typeName, EnvironmentService.typeName, Health.typeName];

function callOf(context: HandlerContext): Call {
  return {
    caller: context.values.get(callerKey),
    signal: context.signal,
    timeLeft: () => context.timeoutMs(),
    onLost: context.values.get(lostKey),
  };
}

/** The store tells of its failures itself, once for all the calls that they cost. */
function translated(error: unknown, context: HandlerContext, report: Report): Error {
  const translation = toConnectError(error);
  if (translation !== error && !(error instanceof StoreFailure)) report(error, context.method.name);
  return translation;
}
