// Connect clients of a server under test, over every transport that it speaks.
import { isMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { AccessService, type GrantSchema } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { AcquireResponseSchema, LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";

/** Where a server is, and what opens it; a Server is one. */
export interface Address {
  readonly url: string;
  readonly key: string;
  /** In PEM: the authorities of its certificate, and our own certificate with its key. */
  readonly pem?: Pem;
}

export interface Pem {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Clients {
  readonly locks: Client<typeof LockService>;
  readonly environments: Client<typeof EnvironmentService>;
  readonly insight: Client<typeof InsightService>;
  readonly access: Client<typeof AccessService>;
}

type Open = (baseUrl: string, interceptors: Interceptor[], nodeOptions?: Pem) => Transport;

/** Every transport by name. */
export const TRANSPORTS = {
  "Connect, JSON, HTTP/1.1": (baseUrl, interceptors, nodeOptions?) =>
    createConnectTransport({ baseUrl, interceptors, httpVersion: "1.1", useBinaryFormat: false, ...(nodeOptions && { nodeOptions }) }),
  "Connect, JSON, HTTP/2": (baseUrl, interceptors, nodeOptions?) =>
    createConnectTransport({ baseUrl, interceptors, httpVersion: "2", useBinaryFormat: false, ...(nodeOptions && { nodeOptions }) }),
  "Connect, binary, HTTP/1.1": (baseUrl, interceptors, nodeOptions?) =>
    createConnectTransport({ baseUrl, interceptors, httpVersion: "1.1", useBinaryFormat: true, ...(nodeOptions && { nodeOptions }) }),
  "Connect, binary, HTTP/2": (baseUrl, interceptors, nodeOptions?) =>
    createConnectTransport({ baseUrl, interceptors, httpVersion: "2", useBinaryFormat: true, ...(nodeOptions && { nodeOptions }) }),
  gRPC: (baseUrl, interceptors, nodeOptions?) => createGrpcTransport({ baseUrl, interceptors, ...(nodeOptions && { nodeOptions }) }),
  "gRPC-Web, HTTP/1.1": (baseUrl, interceptors, nodeOptions?) =>
    createGrpcWebTransport({ baseUrl, interceptors, httpVersion: "1.1", ...(nodeOptions && { nodeOptions }) }),
  "gRPC-Web, HTTP/2": (baseUrl, interceptors, nodeOptions?) =>
    createGrpcWebTransport({ baseUrl, interceptors, httpVersion: "2", ...(nodeOptions && { nodeOptions }) }),
} satisfies Record<string, Open>;

export type TransportName = keyof typeof TRANSPORTS;

/** What Acquire has answered to these clients: lease to lease_token. */
const tokens = new Map<string, string>();

/** Calls as the waiter or holder of a lease makes them: with the lease_token that Acquire has answered here. */
export function ownerOf(server: Address, lease: Lease, over?: TransportName): Clients["locks"] {
  return clientsOf({ url: server.url, key: tokenOf(lease), ...(server.pem && { pem: server.pem }) }, over).locks;
}

/** The lease_token that Acquire has answered here. */
export function tokenOf({ id }: Lease): string {
  const token = tokens.get(id);
  if (token === undefined) throw new Error(`no Acquire has given lease ${id} here`);
  return token;
}

/** Clients over one transport, with the server's key, or another key or lease_token. An empty key: none is sent. */
export function clientsOf({ url, key, pem }: Address, over: TransportName = "Connect, JSON, HTTP/1.1"): Clients {
  const authenticate: Interceptor = (next) => async (request) => {
    if (key !== "" && !request.header.has("x-api-key")) request.header.set("x-api-key", key);
    const answer = await next(request);
    if (!answer.stream && isMessage(answer.message, AcquireResponseSchema))
      tokens.set(answer.message.lease?.id ?? "", answer.message.leaseToken);
    return answer;
  };
  const transport = TRANSPORTS[over](url, [authenticate], pem);
  return {
    locks: createClient(LockService, transport),
    environments: createClient(EnvironmentService, transport),
    insight: createClient(InsightService, transport),
    access: createClient(AccessService, transport),
  };
}

/** What a key is granted. */
export type Grants = MessageInitShape<typeof GrantSchema>[];

/** A new key of this server, and the clients of who has it. */
export async function keyFor(server: Address, grants: Grants, label = "a team", over?: TransportName) {
  const { key, secret } = await clientsOf(server).access.createKey({ label, grants });
  return { id: key?.id ?? "", secret, ...clientsOf({ url: server.url, key: secret }, over) };
}

/** The error that a call must end with, as `code REASON`, for example `not_found LEASE_NOT_FOUND`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await failureOf(call);
  return `${codeName(error.code)} ${error.findDetails(ErrorInfoSchema)[0]?.reason ?? ""}`.trim();
}

/** The error itself. */
export async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  const answer = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: ConnectError.from(error) }),
  );
  if ("error" in answer) return answer.error;
  throw new Error(`the call was answered: ${JSON.stringify(answer.value, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`);
}

/** The lease of an answer; throws if there is none. */
export function leaseIn(answer: { readonly lease?: Lease | undefined }): Lease {
  if (answer.lease === undefined) throw new Error("the answer has no lease");
  return answer.lease;
}

/** The token of a lease's grant. */
export function fenceOf(lease: Lease): bigint {
  return lease.environments[0]?.fencingToken ?? 0n;
}

/** A duration of so many seconds. */
export function seconds(amount: number): { seconds: bigint; nanos: number } {
  const whole = Math.floor(amount);
  return { seconds: BigInt(whole), nanos: Math.round((amount - whole) * 1e9) };
}

/** The time so many seconds from now, in whole milliseconds. */
export function ahead(amount: number): { seconds: bigint; nanos: number } {
  const at = Date.now() + amount * 1_000;
  return { seconds: BigInt(Math.floor(at / 1_000)), nanos: (at % 1_000) * 1_000_000 };
}

function codeName(code: Code): string {
  return (Code[code] ?? `${code}`).replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
