/** A client certificate: who it may be is told by its alternative names, never by its common name. */

/** The kinds of alternative names that rules know. */
export const NAME_KINDS = ["uri", "dns", "email"] as const;

export type NameKind = (typeof NAME_KINDS)[number];

/** One alternative name. */
interface AlternativeName {
  readonly kind: NameKind;
  readonly value: string;
}

/** What a client has shown. */
export interface ClientCertificate {
  /** In its order; DNS names in lower case. */
  readonly names: readonly AlternativeName[];
  /** Until when it is good, in ms since 1970. */
  readonly until: number;
  /** Why it is good for nothing, whatever its names are. */
  readonly fault?: string;
}

const KINDS: Readonly<Record<string, NameKind>> = { URI: "uri", DNS: "dns", email: "email" };
/** Of one certificate: each is compared with each rule, once for a connection. */
const MOST_NAMES = 8;
/** Names of certificates stand in principals, logs and the history. */
const PLAIN = /^[\x21\x23-\x7e]{1,255}$/;

/**
 * The names in a certificate's subjectAltName as Node writes it: `URI:spiffe://a/b, DNS:"x\u002cy"`, where what could be taken for the next
 * name stands in quotes. Left out are those of other kinds, those with spaces, quotes or characters beyond ASCII, and those after the eighth.
 */
export function namesIn(subjectAltName: string): AlternativeName[] {
  const names: AlternativeName[] = [];
  const entry = /([\w ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < subjectAltName.length && names.length < MOST_NAMES) {
    const [, label = "", value = ""] = entry.exec(subjectAltName) ?? [];
    if (label === "") return [];
    const kind = KINDS[label];
    if (kind !== undefined && PLAIN.test(value)) names.push({ kind, value: kind === "dns" ? value.toLowerCase() : value });
  }
  return names;
}
