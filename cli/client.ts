import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import type { Settings } from "./settings.ts";

/** Calls of LockService. */
export type Locks = Client<typeof LockService>;
/** Calls of EnvironmentService. */
export type Environments = Client<typeof EnvironmentService>;

/** No single answer takes longer, in ms: none of our calls asks the server to wait. */
export const CALL_TIMEOUT = 20_000;

/** The server's services, over Connect on HTTP/1.1: what passes through every proxy. Streams get through it as well. */
export function connect({ url, key }: Settings): { locks: Locks; environments: Environments } {
  const authenticate: Interceptor = (next) => (request) => {
    if (key !== undefined) request.header.set("x-api-key", key);
    return next(request);
  };
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", interceptors: [authenticate] });
  return { locks: createClient(LockService, transport), environments: createClient(EnvironmentService, transport) };
}
