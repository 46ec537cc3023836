/** The `certificates:` of a file of access rules. */
import type { Entry } from "../file/entry.ts";
import { grantsIn } from "../file/grants.ts";
import { NAME_KINDS, type NameKind } from "./certificate.ts";
import type { CertificateRule } from "./rule.ts";

/** `all`: over all rules. */
const MOST = { rules: { min: 0, max: 1_000 }, names: { min: 1, max: 256 }, all: 1_024 };
const LONGEST = 255;
const FIELDS = ["name", "san", "grants"] as const;
const IT_IS_NONE = "san: {uri: …}; the common name is never looked at";
/** What others call what is here called otherwise. */
const WORDS = {
  cn: IT_IS_NONE,
  common_name: IT_IS_NONE,
  subject: IT_IS_NONE,
  spiffe_id: "san: {uri: spiffe://…}",
  allowed_uri_sans: "san: {uri: …}",
  allowed_dns_sans: "san: {dns: …}",
  allowed_email_sans: "san: {email: …}",
  role: "grants: [{role, patterns}]",
  patterns: "grants: [{role, patterns}]",
};
const EXAMPLE = "for example san: {uri: spiffe://ci.example.com/ns/*/sa/runner}";

/** What a name of each kind looks like. */
const FORMS: Readonly<Record<NameKind, { readonly form: RegExp; readonly words: string }>> = {
  uri: { form: /^[a-z][a-z0-9+.-]*:\S+$/, words: "a URI, for example spiffe://ci.example.com/ns/team-a/sa/runner" },
  dns: { form: /^[\w.*?-]+$/, words: "a DNS name, for example runner.ci.example.com" },
  email: { form: /^[^\s@]+@[^\s@]+$/, words: "an email address, for example team-a@example.com" },
};

/** Reads the list. Throws BadFile. */
export function certificatesIn(entry: Entry): readonly CertificateRule[] {
  const names = new Map<string, string>();
  const rules = entry.list(MOST.rules).map((one) => {
    const rule = ruleIn(one);
    const before = names.get(rule.name);
    if (before !== undefined) throw one.fault(`the name ${rule.name} is that of ${before}, too; choose another`);
    names.set(rule.name, one.path);
    return rule;
  });
  const all = rules.reduce((sum, { globs }) => sum + globs.length, 0);
  if (all > MOST.all) throw entry.fault(`has ${all} names over all rules; give ${MOST.all} at most, for example by globs`);
  return rules;
}

function ruleIn(entry: Entry): CertificateRule {
  const fields = entry.object(FIELDS, WORDS);
  const named = fields.need("name", "give a name; it is part of the principal of all whom the rule lets in");
  const name = named.text("write a name");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) throw named.got("write up to 63 letters, digits, dots, dashes and underscores");
  const san = fields.need("san", `say which alternative name it is for, ${EXAMPLE}`);
  const kinds = san.object(NAME_KINDS);
  const given = NAME_KINDS.flatMap((kind) => {
    const value = kinds.get(kind);
    return value === undefined ? [] : [{ kind, value }];
  });
  const [only, another] = given;
  if (only === undefined || another !== undefined) throw san.fault(`must have one of ${NAME_KINDS.join(", ")}, ${EXAMPLE}`);
  return {
    name,
    kind: only.kind,
    globs: only.value.entries(MOST.names).map((one) => globIn(one, only.kind)),
    grants: grantsIn(fields.need("grants", "say what for, for example [{role: USE, patterns: [uat-*]}]")),
  };
}

function globIn(entry: Entry, kind: NameKind): string {
  const { form, words } = FORMS[kind];
  const text = entry.text(`write ${words}`, LONGEST);
  if (text !== "*" && !form.test(text)) throw entry.got(`write ${words}; * and ? stand for what differs`);
  return kind === "dns" ? text.toLowerCase() : text;
}
