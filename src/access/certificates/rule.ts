/** Who is let in by a client certificate. Pure values; rules.ts reads them from a file. */
import type { Grant } from "../../core/access/grant.ts";
import { globMatches } from "../../core/access/pattern.ts";
import type { ClientCertificate, NameKind } from "./certificate.ts";

/** Whom certificates let in, and what they may do. */
export interface CertificateRule {
  /** Part of the principal: `cert:<rule>:<name>`. */
  readonly name: string;
  /** The kind of name that it is for. */
  readonly kind: NameKind;
  /**
   * Names or globs, of which one must fit: `*` crosses no `/` in a URI, no `.` in a DNS name and no `@` in an email address; `*` alone is
   * any.
   */
  readonly globs: readonly string[];
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
    const found = names.find(({ kind, value }) => kind === rule.kind && rule.globs.some((glob) => fits(kind, glob, value)));
    if (found !== undefined) return { rule, name: found.value };
  }
  return { why: "no rule is for any of its names" };
}

function fits(kind: NameKind, glob: string, value: string): boolean {
  const separator = SEPARATORS[kind];
  if (separator === "/" || glob === "*") return globMatches(glob, value);
  // A slash is nothing to a DNS name or an email address; it must not become a separator.
  if (value.includes("/") || glob.includes("/")) return glob === value;
  return globMatches(glob.replaceAll(separator, "/"), value.replaceAll(separator, "/"));
}
