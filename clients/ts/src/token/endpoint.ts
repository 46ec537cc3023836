import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { TokenError } from "./error.ts";
import { type IdToken, idTokenOf, objectOf } from "./id-token.ts";

/** How long one answer may take, in ms. */
const PATIENCE = 5_000;
/** How much of it is read, in bytes. */
const LONGEST = 65_536;
/** The longest pause before each further try, in ms. */
const PAUSES = [200, 400];
/** Statuses that say: not now. Any other one but 2xx says: no. */
const PASSING = [408, 429];

/** Where a token is asked for. */
export interface Endpoint {
  readonly name: string;
  readonly url: string;
  /** What opens it. */
  readonly key: string;
  readonly audience: string;
  readonly remedy: string;
}

/** A token from an endpoint as GitHub's runner has it. Throws a TokenError. */
export async function askEndpoint(endpoint: Endpoint): Promise<IdToken> {
  const { name, remedy } = endpoint;
  const address = URL.canParse(endpoint.url) ? new URL(endpoint.url) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol))
    throw TokenError.missing(`no token from ${name}: ACTIONS_ID_TOKEN_REQUEST_URL is no http(s) address`, remedy);
  address.searchParams.set("audience", endpoint.audience);
  for (const longest of [...PAUSES, 0]) {
    const answer = await ask(address, endpoint.key).catch((error: unknown) => why(error));
    if (typeof answer === "object") return answer;
    if (longest === 0) throw TokenError.outOfReach(`no token from ${name}: ${answer}`, "Try again later");
    if (answer.startsWith("refused")) throw TokenError.missing(`no token from ${name}: its endpoint ${answer}`, remedy);
    await sleep(longest * (0.5 + Math.random() / 2));
  }
  throw new Error("unreachable");
}

/** The token, or in words why there is none. */
async function ask(address: URL, key: string): Promise<IdToken | string> {
  const { request, Agent } = address.protocol === "https:" ? https : http;
  const headers = { accept: "application/json", authorization: `Bearer ${key}`, "user-agent": "call-me" };
  const signal = AbortSignal.timeout(PATIENCE);
  // An agent of our own goes through no proxy of the environment.
  const call = request(address, { headers, agent: new Agent(), signal }).end();
  const [answer]: [http.IncomingMessage] = (await once(call, "response")) as [http.IncomingMessage];
  const { statusCode: status = 0 } = answer;
  if (status < 200 || status >= 300) {
    answer.destroy();
    return PASSING.includes(status) || status >= 500 ? `its endpoint answers ${status}` : `refused it (${status})`;
  }
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) {
    text += chunk;
    if (text.length <= LONGEST) continue;
    answer.destroy();
    return `its endpoint's answer is longer than ${LONGEST} bytes`;
  }
  const value = objectOf(text)?.["value"];
  return (typeof value === "string" ? idTokenOf(value) : undefined) ?? "its endpoint's answer has no token in it";
}

function why(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  return name === "AbortError" || name === "TimeoutError"
    ? `no answer in ${PATIENCE / 1_000} s`
    : `its endpoint is out of reach (${code ?? message})`;
}
