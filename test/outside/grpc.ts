// A stock gRPC client: grpc-js with the .proto files loaded at run time, and nothing of ours.
import path from "node:path";
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { fromJSON, loadSync, type MessageTypeDefinition, type PackageDefinition } from "@grpc/proto-loader";
import type { Address } from "./clients.ts";

/** A message as proto-loader gives it: names as in the .proto file, enums by name, 64-bit numbers as text. */
export interface Message {
  readonly [field: string]: unknown;
}

type Method = (message: object, metadata: Metadata, options: object, done: (error: ServiceError | null, answer: Message) => void) => void;
type Stream = (message: object, metadata: Metadata) => ClientReadableStream<Message>;

type Talk = (metadata: Metadata) => ClientDuplexStream<object, Message>;

const FILES = [
  "callme/v1/lock_service.proto",
  "callme/v1/environment_service.proto",
  "grpc/health/v1/health.proto",
  "google/rpc/error_details.proto",
  "grpc/reflection/v1/reflection.proto",
  "grpc/reflection/v1alpha/reflection.proto",
];
const definition: PackageDefinition = loadSync(FILES, {
  includeDirs: [path.resolve("proto")],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const loaded = loadPackageDefinition(definition);

/** Calls of one service; with the server's key as metadata `x-api-key`, unless other metadata is given. */
export class Stock implements Disposable {
  readonly #client: Client;
  readonly #metadata: Metadata;

  constructor(address: Address, service: string, metadata: Record<string, string> = { "x-api-key": address.key }) {
    let at: GrpcObject[string] | undefined = loaded;
    for (const name of service.split(".")) at = (at as GrpcObject)[name];
    const [ca, key, cert] = [address.pem?.ca, address.pem?.key, address.pem?.cert].map((pem) =>
      pem === undefined ? null : Buffer.from(pem),
    );
    const how = address.url.startsWith("https:") ? credentials.createSsl(ca, key, cert) : credentials.createInsecure();
    this.#client = new (at as ServiceClientConstructor)(new URL(address.url).host, how);
    this.#metadata = new Metadata();
    for (const [name, value] of Object.entries(metadata)) this.#metadata.set(name, value);
  }

  /** One unary call; rejects with grpc-js's ServiceError. `within`: its deadline in milliseconds from now. */
  call(method: string, message: object, within?: number): Promise<Message> {
    const options = within === undefined ? {} : { deadline: Date.now() + within };
    return new Promise((resolve, reject) => {
      this.#method<Method>(method)(message, this.#metadata, options, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
  }

  /** The error that a call must end with. */
  async failure(method: string, message: object): Promise<ServiceError> {
    return await this.call(method, message).then(
      (answer) => Promise.reject(new Error(`it was answered: ${JSON.stringify(answer)}`)),
      (error: ServiceError) => error,
    );
  }

  /** Opens a stream of messages; `return()` cancels it. */
  stream(method: string, message: object): AsyncIterator<Message, undefined> {
    return this.#method<Stream>(method)(message, this.#metadata)[Symbol.asyncIterator]();
  }

  /** The first answer of a conversation that begins, and ends, with one message. */
  async ask(method: string, message: object): Promise<Message> {
    const talk = this.#method<Talk>(method)(this.#metadata);
    talk.end(message);
    for await (const answer of talk) return answer as Message;
    throw new Error("the conversation ended without an answer");
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #method<T extends Method | Stream | Talk>(name: string): T {
    return (this.#client as unknown as Record<string, T>)[name]?.bind(this.#client) as T;
  }
}

/** google.rpc.Status, whose .proto is not among ours. */
const status = fromJSON(
  {
    nested: {
      Status: { fields: { details: { rule: "repeated", type: "Detail", id: 3 } } },
      Detail: { fields: { type: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } } },
    },
  },
  { defaults: true },
);

/** The google.rpc details in an error's `grpc-status-details-bin`, by the last part of their type's name. */
export function detailsOf({ metadata }: ServiceError): Record<string, Message> {
  const [bytes] = metadata.get("grpc-status-details-bin");
  if (!Buffer.isBuffer(bytes)) return {};
  const { details } = decode(status, "Status", bytes) as { details: { type: string; value: Buffer }[] };
  return Object.fromEntries(
    details.map(({ type, value }) => [type.replace(/.*\./, ""), decode(definition, type.replace(/.*\//, ""), value)]),
  );
}

function decode(from: PackageDefinition, type: string, bytes: Buffer): Message {
  return (from[type] as MessageTypeDefinition<Message, Message>).deserialize(bytes);
}
