/** What is known of an issuer of tokens, and who is let in by them. Pure values; rules.ts reads them from a file. */
import type { Grant } from "../../core/access/grant.ts";
import type { Provider } from "./providers.ts";

/** ENFORCE: who matches is let in. AUDIT: nobody is, but the log says who would be. */
export type Mode = "enforce" | "audit";

/** Who trusts whom. */
export interface Issuer {
  readonly provider: Provider;
  /** The `iss` of its tokens, to the letter. */
  readonly issuer: string;
  /** Where its keys are. */
  readonly jwksUri: string;
  /** The one `aud` that its tokens must have. */
  readonly audience: string;
  readonly algorithms: readonly Algorithm[];
  /** No token is taken that was issued longer ago, in seconds. */
  readonly maxAge: number;
  /** How people sign in there by the page. */
  readonly browser?: Browser;
  /** The first one that matches counts. */
  readonly rules: readonly Rule[];
}

/** What the page is to an issuer: a public client, which proves by PKCE that it has asked itself. */
export interface Browser {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** What the button says. */
  readonly label: string;
  /** Without these its .well-known/openid-configuration tells them. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
}

export type Algorithm = (typeof ALGORITHMS)[number];
export const ALGORITHMS = ["RS256", "ES256"] as const;

/** Whom an issuer's tokens let in. */
export interface Rule {
  /** Part of the principal: unique in the file. */
  readonly name: string;
  /** By claim, texts or globs of which one must fit; all claims must. */
  readonly claims: ReadonlyMap<string, readonly string[]>;
  readonly grants: readonly Grant[];
  /** The claims that tell one caller from another. */
  readonly identity: readonly string[];
  /** The claim that is shown beside the principal. */
  readonly label: string;
  /** The claims that stand in the record of what the caller did. */
  readonly record: readonly string[];
  readonly mode: Mode;
}
