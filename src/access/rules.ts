/** A file of access rules: who is let in without a key, and what they may do. */
import { hash } from "node:crypto";
import { clipped } from "../core/model/text.ts";
import type { CertificateRule } from "./certificates/rule.ts";
import { certificatesIn } from "./certificates/rules.ts";
import { Entry, type Lined } from "./file/entry.ts";
import { limitsIn } from "./file/limits.ts";
import { ACCESS_LIMITS, type AccessLimits } from "./limits.ts";
import type { Issuer } from "./oidc/rule.ts";
import { issuersIn } from "./oidc/rules.ts";

/** What a file says. */
export interface AccessRules {
  /** Whose tokens are taken. */
  readonly issuers: readonly Issuer[];
  /** Whose client certificates are taken; the first one that fits counts. */
  readonly certificates: readonly CertificateRule[];
  /** What one principal, and one address, may use. */
  readonly limits: AccessLimits;
}

/** What a file says, and what the log shall warn of. */
export interface RulesRead {
  readonly rules: AccessRules;
  readonly warnings: readonly string[];
}

const SECTIONS = ["issuers", "certificates", "limits"] as const;

/** Reads what stands in a file. Throws a BadFile that names file, line, field, value and remedy. Keys that begin with x- are the file's own. */
export function rulesIn(file: string, root: Lined): RulesRead {
  const own = [...(root.fields ?? [])].filter(([name]) => !name.startsWith("x-"));
  const fields = new Entry(file, "", root.fields === undefined ? root : { ...root, fields: new Map(own) }).object(SECTIONS);
  const issuers = fields.get("issuers");
  const { issuers: read, warnings } = issuers === undefined ? { issuers: [], warnings: [] } : issuersIn(issuers);
  const certificates = fields.get("certificates");
  const limits = fields.get("limits");
  const others = {
    certificates: certificates === undefined ? [] : certificatesIn(certificates),
    limits: limits === undefined ? ACCESS_LIMITS : limitsIn(limits),
  };
  return { rules: { issuers: read, ...others }, warnings };
}

/** What the rules are, for the record; the same text for the same rules. */
export function rulesInWords({ issuers, certificates, limits }: AccessRules): string {
  const of = issuers.map(({ issuer, rules }) => `${issuer} (${rules.length})`).join(", ");
  const text = JSON.stringify({ issuers, certificates, limits }, (_key, value) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  );
  const counts = [of === "" ? "no issuer of tokens" : `rules for tokens of ${of}`, `rules for certificates: ${certificates.length}`];
  return clipped(`SHA-256 ${hash("sha256", text, "hex")}: ${counts.join("; ")}`);
}
