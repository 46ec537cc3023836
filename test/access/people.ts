// People who sign in at a test's issuer by a browser: an authorization endpoint at which everybody is signed in already, and a token endpoint.
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Changes, TestIssuer } from "./issuer.ts";

/** The page at the issuer. */
export const CLIENT = "call-me-page";

/** What was asked for, until the code is spent. */
interface Code {
  readonly challenge: string;
  readonly nonce: string | undefined;
  readonly redirect: string;
}

/** From now on the issuer is one for people as well; see `document`. */
export class People {
  readonly #issuer: TestIssuer;
  readonly #codes = new Map<string, Code>();
  readonly #renewals = new Set<string>();
  /** What the tokens of everybody say. */
  claims: Changes = { sub: "f3a1", email: "ada@example.com", groups: ["/testers"] };
  /** How long a token is good, in seconds. */
  lifetime = 300;
  /** Where people may be sent back to; empty: anywhere. */
  redirects: readonly string[] = [];
  /** What its discovery document says otherwise. */
  changes: Changes = {};
  /** Whether a renewal is good once, and comes with the next one; else it is good for ever, and comes but once. */
  rotates = true;
  /** How many tokens it has given out. */
  given = 0;

  constructor(issuer: TestIssuer) {
    this.#issuer = issuer;
    issuer.answer = (request, response) => void this.#answer(request, response);
  }

  get document(): Changes {
    const { url, jwksUri } = this.#issuer;
    const endpoints = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
    return { issuer: url, jwks_uri: jwksUri, ...endpoints, ...this.changes };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.#issuer.url);
    if (url.pathname === "/.well-known/openid-configuration") response.end(JSON.stringify(this.document));
    else if (url.pathname === "/authorize") this.#authorize(url.searchParams, response);
    else if (url.pathname === "/token") await this.#exchange(request, response);
    else response.end(this.#issuer.keys);
  }

  #authorize(asked: URLSearchParams, response: ServerResponse): void {
    const redirect = asked.get("redirect_uri") ?? "";
    const isKnown = asked.get("client_id") === CLIENT && (this.redirects.length === 0 || this.redirects.includes(redirect));
    const isPkce = asked.get("code_challenge_method") === "S256" && /^[\w-]{43}$/.test(asked.get("code_challenge") ?? "");
    if (!isKnown || !isPkce || asked.get("response_type") !== "code") return void response.writeHead(400).end("bad request");
    const code = randomUUID();
    this.#codes.set(code, { challenge: asked.get("code_challenge") ?? "", nonce: asked.get("nonce") ?? undefined, redirect });
    const back = new URL(redirect);
    back.search = new URLSearchParams({ code, state: asked.get("state") ?? "" }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "null");
    const form = new URLSearchParams(await text(request));
    const nonce = form.get("grant_type") === "refresh_token" ? this.#renewed(form) : this.#redeemed(form);
    if (nonce === "refused") return void response.writeHead(400).end(JSON.stringify({ error: "invalid_grant" }));
    const now = Math.floor(Date.now() / 1_000);
    const claims = { aud: CLIENT, nonce, exp: now + this.lifetime, ...this.claims };
    this.given++;
    const renewal = this.rotates || nonce !== undefined ? { refresh_token: randomUUID() } : {};
    if (renewal.refresh_token !== undefined) this.#renewals.add(renewal.refresh_token);
    const tokens = { token_type: "Bearer", access_token: "not-ours", ...renewal, id_token: await this.#issuer.sign(claims) };
    response.setHeader("content-type", "application/json").end(JSON.stringify(tokens));
  }

  #renewed(form: URLSearchParams): undefined | "refused" {
    const renewal = form.get("refresh_token") ?? "";
    const isGood = this.rotates ? this.#renewals.delete(renewal) : this.#renewals.has(renewal);
    return isGood ? undefined : "refused";
  }

  #redeemed(form: URLSearchParams): string | undefined {
    const code = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const proof = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isGood = code?.challenge === proof && form.get("redirect_uri") === code.redirect && form.get("client_id") === CLIENT;
    return isGood ? code.nonce : "refused";
  }
}
