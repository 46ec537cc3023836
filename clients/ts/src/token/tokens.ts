import type { Variables } from "../ci/systems.ts";
import { TokenError } from "./error.ts";
import type { IdToken } from "./id-token.ts";
import { isSourceNamed, sourceOf, type TokenSource } from "./source.ts";

/** How long before its end a token is fetched anew at the latest, in ms. */
const AHEAD = 30_000;
/** How long one is taken for good that does not say so, and how long to let a source alone that has failed while a token is good still, in ms. */
const UNTOLD = 60_000;
const LULL = 5_000;
/** How long a call may wait for a token at most, in ms. */
const LONGEST_WAIT = 4_000;

interface Held {
  readonly token: IdToken;
  /** When (of performance.now) to fetch another one. */
  readonly dueAt: number;
  /** Until when it is good, as far as we know. */
  readonly endsAt: number;
}

/** The tokens of one job for one server: fetched when they are needed, one at a time, and anew before they end; rule 13 of clients/README.md. */
export class Tokens {
  readonly source: TokenSource;
  readonly audience: string;
  /** The server, as errors name it. */
  readonly url: string;
  readonly #fetched: (token: string) => void;
  readonly #isOpen: boolean;
  #held: Held | undefined;
  #fetching: Promise<IdToken> | undefined;
  #restUntil = Number.NEGATIVE_INFINITY;

  /** `fetched` is told of each token before it is used. */
  constructor(source: TokenSource, { url, env, fetched = () => {} }: Wanted) {
    this.source = source;
    this.audience = env["CALL_ME_AUDIENCE"]?.trim() || new URL(url).origin;
    this.url = url;
    this.#fetched = fetched;
    this.#isOpen = !isPrivate(url) && !isOn(env, "CALL_ME_INSECURE");
  }

  /** A token that is good for a while, waited for `within` ms at most. Throws a TokenError. */
  async fresh(within = LONGEST_WAIT): Promise<IdToken> {
    if (this.#isOpen)
      throw TokenError.missing(
        `a token of ${this.source.name} is not sent in clear text to ${this.url}`,
        "Write https://, or set CALL_ME_INSECURE=on where nobody can listen",
      );
    const now = performance.now();
    const held = this.#held;
    if (held === undefined || now >= held.endsAt) return await this.#inTime(this.#fetch(), within);
    if (now >= held.dueAt && now >= this.#restUntil)
      void this.#fetch().catch(() => {
        this.#restUntil = performance.now() + LULL;
      });
    return held.token;
  }

  /** Another one than that which the server has refused; undefined: the source has no other. Throws a TokenError. */
  async after(refused: IdToken, within = LONGEST_WAIT): Promise<IdToken | undefined> {
    const known = this.#held?.token;
    const token = known !== undefined && known.text !== refused.text ? known : await this.#inTime(this.#fetch(), within);
    return token.text === refused.text ? undefined : token;
  }

  /** What is under way goes on: the next call finds it. */
  async #inTime(fetching: Promise<IdToken>, within: number): Promise<IdToken> {
    const wait = Math.max(0, Math.min(LONGEST_WAIT, within));
    return await new Promise((resolve, reject) => {
      const late = TokenError.outOfReach(`no token from ${this.source.name} in time (${wait / 1_000} s)`, "Try again later");
      const timer = setTimeout(() => reject(late), wait);
      fetching.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #fetch(): Promise<IdToken> {
    this.#fetching ??= this.source
      .fetch(this.audience)
      .then((token) => this.#keep(token))
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }

  #keep(token: IdToken): IdToken {
    const now = performance.now();
    const { life, expiresAt } = token;
    const rest = (this.source.mints ? life : undefined) ?? (expiresAt === undefined ? undefined : expiresAt - Date.now());
    const ahead = rest === undefined ? 0 : Math.min(Math.max((life ?? rest) / 3, AHEAD), Math.max(0, rest * (2 / 3)));
    this.#held = { token, dueAt: now + (rest ?? UNTOLD) - ahead, endsAt: now + (rest ?? UNTOLD) };
    this.#fetched(token.text);
    return token;
  }
}

/** For which server, in a process with which variables. */
export interface Wanted {
  readonly url: string;
  readonly env: Variables;
  readonly fetched?: (token: string) => void;
}

/** Undefined: the job has none. Throws a TypeError for a setting that is wrong. */
export function tokensFor(wanted: Wanted): Tokens | undefined {
  const source = sourceOf(wanted.env);
  return source && new Tokens(source, wanted);
}

/** The same where something else says already who we are: only with a source that somebody names. */
export function tokensBeside(wanted: Wanted): Tokens | undefined {
  return isSourceNamed(wanted.env) ? tokensFor(wanted) : undefined;
}

function isOn(env: Variables, name: string): boolean {
  const value = (env[name] ?? "").trim() || "off";
  if (!["on", "off"].includes(value)) throw new TypeError(`${name} ${JSON.stringify(value)} is neither on nor off`);
  return value === "on";
}

/** Whether nobody else can listen to what is sent there. */
function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
