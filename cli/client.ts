import type { Interceptor, Transport } from "@connectrpc/connect";
import { KEY_HEADER } from "../clients/ts/src/calls.ts";
import { Client, overHttp1 } from "../clients/ts/src/client.ts";
import { bearing, beside, repeatable } from "../clients/ts/src/token/bearer.ts";
import type { Tokens } from "../clients/ts/src/token/tokens.ts";
import type { Settings } from "./settings.ts";
import { heard } from "./words/clock.ts";

export type { Locks } from "../clients/ts/src/calls.ts";
/** Calls of EnvironmentService. */
export type Environments = Client["environments"];

/** No single answer takes longer, in ms: none of our calls asks the server to wait. */
export const CALL_TIMEOUT = 20_000;

/** Calls of InsightService. */
export type Insight = Client["insight"];

/** Calls of AccessService. */
export type Access = Client["access"];

/** The server's services, over Connect on HTTP/1.1: what passes through every proxy. Streams get through it as well. */
export function connect({
  url,
  tls,
  key = "",
  tokens,
  leaseToken = "",
}: Settings): Pick<Client, "locks" | "environments" | "insight" | "access"> {
  const instead = (found: Tokens) => (key === "" ? [byLeaseToken(leaseToken), bearing(found)] : [beside(found, key)]);
  const identify = tokens === undefined ? [] : instead(tokens);
  const transport = ({ baseUrl, interceptors }: { baseUrl: string; interceptors: Interceptor[] }): Transport =>
    overHttp1({ baseUrl, interceptors: [...interceptors, ...identify, readClock] }, tls);
  return new Client({ url, key, transport });
}

const readClock: Interceptor = (next) => async (request) => {
  const answer = await next(request);
  heard(answer.header.get("date"));
  return answer;
};

/** Opens calls on the lease in hand by its own token: that of a CI job is not as good, since it ends with the job. */
function byLeaseToken(leaseToken: string): Interceptor {
  return (next) => async (request) => {
    const { asked, again } = await repeatable(request);
    const [{ leaseId = "" } = {}] = asked as readonly { leaseId?: string }[];
    if (leaseId !== "" && leaseToken.startsWith(`cml_${leaseId}_`) && !request.header.has(KEY_HEADER))
      request.header.set(KEY_HEADER, leaseToken);
    return await next(again());
  };
}
