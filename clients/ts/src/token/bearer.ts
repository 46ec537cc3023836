import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { KEY_HEADER } from "../calls.ts";
import { TokenError } from "./error.ts";
import type { IdToken } from "./id-token.ts";
import type { Tokens } from "./tokens.ts";

const HEADER = "authorization";
/** In ms. */
const MOMENT = 100;

/** Has each call that no key opens bear a token; one that is refused is sent once more with another. Calls throw a TokenError besides. */
export function bearing(tokens: Tokens): Interceptor {
  return (next) => async (request) => {
    if (request.header.has(KEY_HEADER) || request.header.has(HEADER)) return await next(request);
    const { again } = await repeatable(request);
    const left = timeLeft(request.header);
    const send = async (token: IdToken) => {
      const header = new Headers(request.header);
      header.set(HEADER, `Bearer ${token.text}`);
      return await begun(await next({ ...again(), header }));
    };
    const token = await tokens.fresh(left());
    try {
      return await send(token);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const other = await tokens.after(token, left());
      if (other === undefined) throw refused(tokens, token, error);
      return await send(other).catch((second: unknown) => {
        throw isRefusal(second) ? refused(tokens, other, second) : second;
      });
    }
  };
}

/**
 * Has each call that our key opens show a token besides, if there is one: it decides nothing, but the server's log can tell what it would
 * open.
 */
export function beside(tokens: Tokens, key: string): Interceptor {
  return (next) => async (request) => {
    if (request.header.get(KEY_HEADER) !== key || request.header.has(HEADER)) return await next(request);
    const token = await tokens.fresh(timeLeft(request.header)() / 2).catch(() => undefined);
    if (token !== undefined) request.header.set(HEADER, `Bearer ${token.text}`);
    return await next(request);
  };
}

/** A request that can be sent again, and what is asked: what a stream sends can be read once. */
export interface Repeatable {
  readonly asked: readonly object[];
  again(): UnaryRequest | StreamRequest;
}

/** Reads all that is asked; who only listens asks one thing. */
export async function repeatable(request: UnaryRequest | StreamRequest): Promise<Repeatable> {
  if (!request.stream) return { asked: [request.message], again: () => request };
  const messages: typeof request.message extends AsyncIterable<infer M> ? M[] : never = [];
  for await (const message of request.message) messages.push(message);
  const all = async function* () {
    yield* messages;
  };
  return { asked: messages, again: () => ({ ...request, message: all() }) };
}

/** How long a call has still, less a moment in which its own error can be told, in ms: as its transport tells the server. */
function timeLeft(header: Headers): () => number {
  const [, amount = "", unit = "m"] = /^(\d+)([HMSm]?)$/.exec(header.get("connect-timeout-ms") ?? header.get("grpc-timeout") ?? "") ?? [];
  const length = amount === "" ? Number.POSITIVE_INFINITY : Number(amount) * ({ H: 3_600_000, M: 60_000, S: 1_000 }[unit] ?? 1);
  const ends = performance.now() + length - MOMENT;
  return () => ends - performance.now();
}

/** A stream with its first message, which a watch has at once: only then is it known whether it was let in. */
async function begun(response: UnaryResponse | StreamResponse): Promise<UnaryResponse | StreamResponse> {
  if (!response.stream) return response;
  const rest = response.message[Symbol.asyncIterator]();
  const first = await rest.next();
  const message = (async function* () {
    try {
      for (let one = first; !one.done; one = await rest.next()) yield one.value;
    } finally {
      await rest.return?.();
    }
  })();
  return { ...response, message };
}

function isRefusal(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.code === Code.Unauthenticated;
}

/** What helps where a token that has not ended is refused, and where it has. */
const RULES =
  "Its operator looks whether the rules in CALL_ME_ACCESS name this issuer and audience, and whether one of them is for this job; its log says why";
const FRESH = "Show a fresh one: have the CI system make it later or live for longer, or let it be fetched when it is needed";

function refused({ url, source }: Tokens, { issuer, audiences, expiresAt }: IdToken, answer: ConnectError): TokenError {
  const audience = audiences.map((one) => JSON.stringify(one)).join(", ") || "nobody";
  const hasEnded = expiresAt !== undefined && expiresAt < Date.now();
  const over = hasEnded ? `, which ended at ${new Date(expiresAt).toISOString()}` : "";
  return TokenError.refused(
    `${url} does not accept the token of ${source.name} (issuer ${JSON.stringify(issuer)}, audience ${audience}${over}): ${answer.rawMessage}`,
    hasEnded ? FRESH : RULES,
    answer,
  );
}
