/** What a token of a CI system says of itself. Nothing in it is verified: that is for the server. */
export interface IdToken {
  readonly text: string;
  /** Who made it; empty if it does not say. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** How long it is good for from its making, in ms; undefined: it does not say. */
  readonly life: number | undefined;
  /** When it ends, in ms since 1970, by its issuer's clock; undefined: it does not say. */
  readonly expiresAt: number | undefined;
}

/** The longest that a header can carry beside all others, in characters. */
const LONGEST = 12_288;

/** Reads a token, with or without white space around it; undefined: it is none. */
export function idTokenOf(given: string): IdToken | undefined {
  const text = given.trim();
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text) ?? [];
  if (payload === undefined || text.length > LONGEST) return undefined;
  const claims = objectOf(Buffer.from(payload, "base64url").toString());
  if (claims === undefined) return undefined;
  const { iss, aud, exp, iat } = claims;
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one): one is string => typeof one === "string");
  const expiresAt = typeof exp === "number" && Number.isFinite(exp) ? exp * 1_000 : undefined;
  const life = expiresAt !== undefined && typeof iat === "number" && iat * 1_000 < expiresAt ? expiresAt - iat * 1_000 : undefined;
  return { text, issuer: typeof iss === "string" ? iss : "", audiences, life, expiresAt };
}

/** The object that a JSON text stands for; undefined: it stands for none. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
