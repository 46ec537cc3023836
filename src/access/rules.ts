/** A file of access rules: who is let in without a key, and what they may do. */
import { Entry, type Lined } from "./file/entry.ts";
import type { Issuer } from "./oidc/rule.ts";
import { issuersIn } from "./oidc/rules.ts";

/** What a file says. */
export interface AccessRules {
  /** Whose tokens are taken. */
  readonly issuers: readonly Issuer[];
}

/** Those of a server without a file. */
export const NO_RULES: AccessRules = { issuers: [] };

/** What a file says, and what the log shall warn of. */
export interface RulesRead {
  readonly rules: AccessRules;
  readonly warnings: readonly string[];
}

const SECTIONS = ["issuers"] as const;

/** Reads what stands in a file. Throws a BadFile that names file, line, field, value and remedy. Keys that begin with x- are the file's own. */
export function rulesIn(file: string, root: Lined): RulesRead {
  const own = [...(root.fields ?? [])].filter(([name]) => !name.startsWith("x-"));
  const fields = new Entry(file, "", root.fields === undefined ? root : { ...root, fields: new Map(own) }).object(SECTIONS);
  const issuers = fields.get("issuers");
  const { issuers: read, warnings } = issuers === undefined ? { issuers: [], warnings: [] } : issuersIn(issuers);
  return { rules: { issuers: read }, warnings };
}
