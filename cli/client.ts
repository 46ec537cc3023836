import type { Interceptor, Transport } from "@connectrpc/connect";
import { Client, overHttp1 } from "../clients/ts/src/client.ts";
import type { Settings } from "./settings.ts";
import { heard } from "./words/clock.ts";

export type { Locks } from "../clients/ts/src/calls.ts";
/** Calls of EnvironmentService. */
export type Environments = Client["environments"];

/** No single answer takes longer, in ms: none of our calls asks the server to wait. */
export const CALL_TIMEOUT = 20_000;

/** Calls of InsightService. */
export type Insight = Client["insight"];

/** The server's services, over Connect on HTTP/1.1: what passes through every proxy. Streams get through it as well. */
export function connect({ url, key = "" }: Settings): { locks: Client["locks"]; environments: Environments; insight: Insight } {
  return new Client({ url, key, transport: readingTheClock });
}

function readingTheClock({ baseUrl, interceptors }: { baseUrl: string; interceptors: Interceptor[] }): Transport {
  const readClock: Interceptor = (next) => async (request) => {
    const answer = await next(request);
    heard(answer.header.get("date"));
    return answer;
  };
  return overHttp1({ baseUrl, interceptors: [...interceptors, readClock] });
}
