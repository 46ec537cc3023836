/** Where people can sign in, as the page is told. */
import { causeOf, documentAt, isSafe } from "./document.ts";
import type { Browser, Issuer } from "./rule.ts";

/** All that the page needs to send somebody there, and to get the token afterwards. Nothing of it is secret. */
export interface SignIn {
  readonly issuer: string;
  readonly label: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
}

type Endpoints = Pick<SignIn, "authorizationEndpoint" | "tokenEndpoint">;

interface Log {
  warn(facts: object, text: string): void;
}

/** In ms. From that age on they are asked for again, beside the use of those that are there; `pause`: after a failure. */
const TIMES = { renew: 600_000, pause: 30_000, timeout: 5_000 };
/** In bytes. Keycloak's document has 7 KiB. */
const LARGEST = 64 * 1024;

/** Knows the endpoints of issuers, by the file or by what they tell themselves. */
export class SignIns {
  readonly #log: Log;
  readonly #closing = new AbortController();
  #all: readonly Place[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** People can sign in at these of the issuers that have a `browser`, and at no others. What is known of one stays known. */
  trust(issuers: readonly Issuer[]): void {
    const before = this.#all;
    this.#all = issuers.flatMap(({ issuer, browser }) => {
      if (browser === undefined) return [];
      return before.find((place) => place.is(issuer, browser)) ?? new Place(issuer, browser, this.#log, this.#closing.signal);
    });
    for (const place of this.#all) place.look();
  }

  /** Where that is known. What is old, or could not be had, is asked for beside it. */
  get known(): readonly SignIn[] {
    return this.#all.flatMap((place) => place.look() ?? []);
  }

  /** Whom the page has to call. */
  get origins(): readonly string[] {
    return [...new Set(this.known.map(({ tokenEndpoint }) => new URL(tokenEndpoint).origin))];
  }

  /** Waits for no issuer any more. */
  close(): void {
    this.#closing.abort(new Error("the server is about to stop"));
  }
}

/** One issuer. */
class Place {
  readonly #issuer: string;
  readonly #browser: Browser;
  readonly #log: Log;
  readonly #closing: AbortSignal;
  #endpoints: Endpoints | undefined;
  /** Monotonic: when they are asked for again. */
  #due = 0;
  /** What the log has said of it last. */
  #told = "";

  constructor(issuer: string, browser: Browser, log: Log, closing: AbortSignal) {
    this.#issuer = issuer;
    this.#browser = browser;
    this.#log = log;
    this.#closing = closing;
    const { authorizationEndpoint, tokenEndpoint } = browser;
    if (authorizationEndpoint === undefined || tokenEndpoint === undefined) return;
    this.#endpoints = { authorizationEndpoint, tokenEndpoint };
    this.#due = Number.POSITIVE_INFINITY;
  }

  is(issuer: string, browser: Browser): boolean {
    return this.#issuer === issuer && JSON.stringify(this.#browser) === JSON.stringify(browser);
  }

  look(): SignIn | undefined {
    if (performance.now() >= this.#due) void this.#fetch();
    const { clientId, scopes, label } = this.#browser;
    return this.#endpoints && { issuer: this.#issuer, label, clientId, scopes, ...this.#endpoints };
  }

  /** Never rejects. */
  async #fetch(): Promise<void> {
    this.#due = performance.now() + TIMES.pause;
    const uri = `${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(TIMES.timeout), this.#closing]);
      this.#endpoints = endpointsIn(await documentAt(uri, signal, LARGEST), this.#issuer, this.#browser);
      this.#due = performance.now() + TIMES.renew;
      this.#told = "";
    } catch (error) {
      const why = causeOf(error);
      if (why !== this.#told && !this.#closing.aborted)
        this.#log.warn({ uri, why }, "where people sign in cannot be learned from their issuer; what was known before is used");
      this.#told = why;
    }
  }
}

/** Throws an Error that says what is wrong with the document. */
function endpointsIn(told: unknown, issuer: string, browser: Browser): Endpoints {
  const document = (told ?? {}) as Readonly<Record<string, unknown>>;
  // Another's endpoints would be sent what is meant for this one (mix-up).
  if (document["issuer"] !== issuer) throw new Error(`its issuer is ${JSON.stringify(document["issuer"])}, not ${issuer}`);
  const endpoint = (name: string) => {
    const uri = document[name];
    if (typeof uri !== "string" || !isSafe(uri)) throw new Error(`its ${name} is no https address`);
    return uri;
  };
  return {
    authorizationEndpoint: browser.authorizationEndpoint ?? endpoint("authorization_endpoint"),
    tokenEndpoint: browser.tokenEndpoint ?? endpoint("token_endpoint"),
  };
}
