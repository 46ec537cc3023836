/** Who is known by a client certificate: by its alternative names and rules for them, never by its common name. */
import type { Grant } from "../core/access/grant.ts";
import { globMatches } from "../core/access/pattern.ts";

/** The kinds of alternative names that rules know. */
export const NAME_KINDS = ["uri", "dns", "email"] as const;

export type NameKind = (typeof NAME_KINDS)[number];

/** One alternative name. */
export interface AlternativeName {
  readonly kind: NameKind;
  readonly value: string;
}

/** A certificate that a client has shown. */
export interface ClientCertificate {
  /** In its order; DNS names in lower case. */
  readonly names: readonly AlternativeName[];
  /** Until when it is good, in ms since 1970. */
  readonly until: number;
  /** Why it is good for nothing, whatever its names are. */
  readonly fault?: string;
}

/** Who is let in by a certificate, and what they may do. */
export interface CertificateRule {
  /** Part of the principal: `cert:<rule>:<name>`. */
  readonly name: string;
  /** The kind of name that it is for. */
  readonly kind: NameKind;
  /** The name itself, or a glob: `*` crosses no `/` in a URI, no `.` in a DNS name and no `@` in an email address; `*` alone is any. */
  readonly glob: string;
  readonly grants: readonly Grant[];
}

/** What a certificate comes to: the first rule that one of its names fits, and that name; or why it opens nothing, for the log. */
export type Certified = { readonly rule: CertificateRule; readonly name: string } | { readonly why: string };

/** What divides a name into the parts that a `*` does not cross. */
const SEPARATORS: Readonly<Record<NameKind, string>> = { uri: "/", dns: ".", email: "@" };

/** Finds the rule for a certificate. `now` in ms since 1970. */
export function certified({ names, until, fault }: ClientCertificate, rules: readonly CertificateRule[], now: number): Certified {
  if (fault !== undefined) return { why: fault };
  if (now >= until) return { why: `it has ended at ${new Date(until).toISOString()}` };
  if (names.length === 0) return { why: "it has no alternative name that is a URI, a DNS name or an email address" };
  for (const rule of rules) {
    const found = names.find(({ kind, value }) => kind === rule.kind && fits(rule, value));
    if (found !== undefined) return { rule, name: found.value };
  }
  return { why: `no rule is for ${names.map(({ kind, value }) => `${kind} ${value}`).join(", ")}` };
}

function fits({ kind, glob }: CertificateRule, value: string): boolean {
  const separator = SEPARATORS[kind];
  if (separator === "/" || glob === "*") return globMatches(glob, value);
  // A slash is nothing to a DNS name or an email address; it must not become a separator.
  if (value.includes("/") || glob.includes("/")) return glob === value;
  return globMatches(glob.replaceAll(separator, "/"), value.replaceAll(separator, "/"));
}

const KINDS: Readonly<Record<string, NameKind>> = { URI: "uri", DNS: "dns", email: "email" };
/** Names of certificates stand in principals, logs and the history. */
const PLAIN = /^[\x21-\x7e]{1,255}$/;

/**
 * The names in a certificate's subjectAltName as Node writes it: `URI:spiffe://a/b, DNS:"x\u002cy"`, where what could be taken for the next
 * name stands in quotes. Left out are those of other kinds, and those with spaces, quotes or characters beyond ASCII.
 */
export function namesIn(subjectAltName: string): AlternativeName[] {
  const names: AlternativeName[] = [];
  const entry = /([\w ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < subjectAltName.length) {
    const [, label = "", value = ""] = entry.exec(subjectAltName) ?? [];
    if (label === "") return [];
    const kind = KINDS[label];
    if (kind !== undefined && PLAIN.test(value) && !value.startsWith('"'))
      names.push({ kind, value: kind === "dns" ? value.toLowerCase() : value });
  }
  return names;
}
