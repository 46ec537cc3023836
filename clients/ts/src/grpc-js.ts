/** The services for stock @grpc/grpc-js, typed: `new LockServiceClient("127.0.0.1:8000", credentials.createInsecure())`. */
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  Metadata,
  type MethodDefinition,
  makeGenericClientConstructor,
  type requestCallback,
} from "@grpc/grpc-js";
import { EnvironmentService } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";

type Input<M extends DescMethod> = MessageInitShape<M["input"]>;
type Output<M extends DescMethod> = MessageShape<M["output"]>;

/** A method as grpc-js has it; of a unary call the metadata and options may be left out. */
type Call<M extends DescMethod> = M["methodKind"] extends "server_streaming"
  ? (request: Input<M>, metadata?: Metadata, options?: CallOptions) => ClientReadableStream<Output<M>>
  : {
      (request: Input<M>, callback: requestCallback<Output<M>>): ClientUnaryCall;
      (request: Input<M>, metadata: Metadata, callback: requestCallback<Output<M>>): ClientUnaryCall;
      (request: Input<M>, metadata: Metadata, options: CallOptions, callback: requestCallback<Output<M>>): ClientUnaryCall;
    };

/** A service's methods, named as in the generated code: `acquire`, `watchLease`. */
type Methods<S extends DescService> = { readonly [K in keyof S["method"]]: Call<S["method"][K] & DescMethod> };

type Constructor<S extends DescService> = new (
  address: string,
  credentials: ChannelCredentials,
  options?: ClientOptions,
) => Client & Methods<S>;

/** The definition of a method, also for a grpc-js server. */
function definitionOf(method: DescMethod): MethodDefinition<MessageInitShape<DescMessage>, MessageShape<DescMessage>> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: method.methodKind === "server_streaming",
    requestSerialize: (message) => Buffer.from(toBinary(method.input, create(method.input, message))),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function clientOf<S extends DescService>(service: S): Constructor<S> {
  const definitions = Object.fromEntries(service.methods.map((method) => [method.localName, definitionOf(method)]));
  return makeGenericClientConstructor(definitions, service.typeName) as unknown as Constructor<S>;
}

/** Calls of LockService. */
export const LockServiceClient = clientOf(LockService);
export type LockServiceClient = InstanceType<typeof LockServiceClient>;

/** Calls of EnvironmentService. */
export const EnvironmentServiceClient = clientOf(EnvironmentService);
export type EnvironmentServiceClient = InstanceType<typeof EnvironmentServiceClient>;

/** Calls of InsightService. */
export const InsightServiceClient = clientOf(InsightService);
export type InsightServiceClient = InstanceType<typeof InsightServiceClient>;

/** Metadata that opens calls with an API key or a lease token. */
export function metadataWith(key: string): Metadata {
  const metadata = new Metadata();
  metadata.set("x-api-key", key);
  return metadata;
}
