/** A file of notices: who is told of what. */
import { BlockList } from "node:net";
import { addTo } from "../access/address.ts";
import { Entry, type Fields, type Lined } from "../access/file/entry.ts";
import { durationIn, patternIn } from "../access/file/grants.ts";
import { limits } from "../core/limits.ts";
import type { Micros } from "../core/model/units.ts";
import { NOTICE_KINDS } from "../core/notice.ts";
import { type Receiver, TEMPLATES, urlIn } from "./receiver.ts";

/** A rule: its receiver is told of these kinds, of environments that the patterns fit. */
export interface NoticeRule extends Receiver {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly kinds: readonly (typeof NOTICE_KINDS)[number][];
  /** After how long in line it is told that somebody waits. */
  readonly queuedFor: Micros;
  /** How long before the end it is told that a lease ends. */
  readonly expiresIn: Micros;
}

/** What a file says. */
export interface NoticeRules {
  readonly rules: readonly NoticeRule[];
  /** Networks that may be called though they are not public. */
  readonly networks: BlockList;
  /** Where leases may ask to be told of: a URL that begins with one of these goes to it. */
  readonly allowed: readonly Receiver[];
}

/** Without a file nobody is told, and no lease may ask for it. */
export const NO_NOTICES: NoticeRules = { rules: [], networks: new BlockList(), allowed: [] };

/** The server's own variables, by name; none is empty. */
type Secrets = ReadonlyMap<string, string>;

const SECTIONS = ["rules", "private", "notify"] as const;
const FIELDS = ["name", "patterns", "kinds", "url", "url_from", "secret_from", "template", "queued_for", "expires_in"] as const;
const ALLOWED = ["prefix", "secret_from", "template"] as const;
/** How many of each section. */
export const MOST = { rules: 100, networks: 1_000, allowed: 100 } as const;
/** How much may be set, and what is meant by a rule that says nothing of it. */
const QUEUED_FOR = { min: 1_000_000, max: 30 * 86_400_000_000, default: 15 * 60_000_000 } as const;
const EXPIRES_IN = { min: 1_000_000, max: 30 * 86_400_000_000, default: 5 * 60_000_000 } as const;
/** Bytes of a key by the convention of Standard Webhooks. */
const KEY = { min: 24, max: 64 };

/** Reads what stands in a file. Throws a BadFile that names file, line, field, value and remedy, and no secret. Keys that begin with x- are the file's own. */
export function noticesIn(file: string, root: Lined, secrets: Secrets): NoticeRules {
  const own = [...(root.fields ?? [])].filter(([name]) => !name.startsWith("x-"));
  const fields = new Entry(file, "", root.fields === undefined ? root : { ...root, fields: new Map(own) }).object(SECTIONS);
  const entries = (name: (typeof SECTIONS)[number], max: number) => fields.get(name)?.list({ min: 0, max }) ?? [];
  const rules = entries("rules", MOST.rules).map((entry) => ruleIn(entry, secrets));
  for (const [index, { name, entry }] of rules.entries()) {
    const first = rules.findIndex((other) => other.name === name);
    if (first < index) throw entry.fault(`rules[${first}] is called ${JSON.stringify(name)}, too; give it a name of its own`);
  }
  const networks = new BlockList();
  for (const entry of entries("private", MOST.networks)) {
    const remedy = "write an address or a network, for example 10.0.0.0/8 or fd00::/8";
    if (!addTo(networks, entry.text(remedy))) throw entry.got(remedy);
  }
  return {
    rules: rules.map(({ entry: _, ...rule }) => rule),
    networks,
    allowed: entries("notify", MOST.allowed).map((entry) => allowedIn(entry, secrets)),
  };
}

function ruleIn(entry: Entry, secrets: Secrets): NoticeRule & { readonly entry: Entry } {
  const fields = entry.object(FIELDS);
  const name = fields.need("name", "it is what is shown of the rule");
  const remedy = "write letters, digits, and . _ - behind the first, at most 63, for example on-call";
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name.text(remedy))) throw name.got(remedy);
  const [queuedFor, expiresIn] = [fields.get("queued_for"), fields.get("expires_in")];
  return {
    entry,
    name: name.text(remedy),
    patterns: fields.need("patterns", "for example '*'").entries({ min: 1, max: limits.patterns.count }).map(patternIn),
    kinds: fields
      .need("kinds", `give some of ${NOTICE_KINDS.join(", ")}`)
      .entries({ min: 1, max: NOTICE_KINDS.length })
      .map((kind) => kind.word(NOTICE_KINDS)),
    url: urlOf(fields, secrets),
    ...signing(entry, fields, secrets),
    queuedFor: queuedFor ? durationIn(queuedFor, QUEUED_FOR.min, QUEUED_FOR.max) : QUEUED_FOR.default,
    expiresIn: expiresIn ? durationIn(expiresIn, EXPIRES_IN.min, EXPIRES_IN.max) : EXPIRES_IN.default,
  };
}

/** A URL that is secret, as Slack's are, comes from a variable. */
function urlOf(fields: Fields<"url" | "url_from">, secrets: Secrets): URL {
  const [url, from] = [fields.get("url"), fields.get("url_from")];
  if (url !== undefined && from !== undefined) throw from.fault("there is a url as well; give one of the two");
  if (from === undefined)
    return calledIn(fields.need("url", "give it, or url_from, the name of a variable that has it, if it is secret"), "url");
  const found = urlIn(secretOf(from, secrets).trim());
  if (typeof found === "string") throw from.fault(`what the variable has ${found}; give the whole https://…`);
  return found;
}

/** What stands there may be secret, and is in no message. */
function calledIn(entry: Entry, what: string): URL {
  if (entry.written === undefined) throw entry.got(`write the whole ${what}, https://…`);
  const found = urlIn(entry.written);
  if (typeof found === "string") throw entry.fault(`${found}; write the whole https://…`);
  return found;
}

function allowedIn(entry: Entry, secrets: Secrets): Receiver {
  const fields = entry.object(ALLOWED);
  const prefix = fields.need("prefix", "give what the URLs begin with, for example https://ci.example.com/hooks/");
  const url = calledIn(prefix, "prefix");
  if (url.search !== "") throw prefix.fault("has a ? in it; what stands behind that is each lease's own: leave it out");
  if (!url.pathname.endsWith("/")) throw prefix.fault("does not end in /, so it would allow its neighbours as well; write https://…/");
  if (isAmbiguous(url)) throw prefix.fault(AMBIGUOUS);
  return { url, ...signing(entry, fields, secrets) };
}

/** Whoever gets JSON has to be able to tell that it comes from here; Slack's URLs are secret themselves. */
function signing(entry: Entry, fields: Fields<"secret_from" | "template">, secrets: Secrets): Pick<Receiver, "template" | "key"> {
  const template = fields.get("template")?.word(TEMPLATES) ?? "json";
  const from = fields.get("secret_from");
  if (from === undefined && template === "json")
    throw entry.fault("secret_from is missing; name a variable CALL_ME_SECRET_… that has a key: echo whsec_$(openssl rand -base64 32)");
  return { template, key: from && keyIn(from, secrets) };
}

function keyIn(entry: Entry, secrets: Secrets): string {
  const key = secretOf(entry, secrets).trim();
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(key) ?? [];
  const { length } = Buffer.from(base64, "base64");
  if (length < KEY.min || length > KEY.max || Buffer.from(base64, "base64").toString("base64") !== base64)
    throw entry.fault(
      `what the variable has is no whsec_ and ${KEY.min} to ${KEY.max} bytes in base64; make one with echo whsec_$(openssl rand -base64 32)`,
    );
  return key;
}

/** Neither what the variable has is told, nor what stands there, if it is no name of one: it may be the secret itself. */
function secretOf(entry: Entry, secrets: Secrets): string {
  const name = entry.written ?? "";
  if (!/^CALL_ME_SECRET_\w{1,100}$/.test(name))
    throw entry.fault("is no name of a variable of the server; write the name of one that begins with CALL_ME_SECRET_");
  const found = secrets.get(name);
  if (found === undefined) throw entry.fault(`${name} is not set where the server runs, or empty; set it, and restart the server`);
  return found;
}

/** What is wrong with a URL that is ambiguous. */
export const AMBIGUOUS = "has %2F or %5C in its path, which some read as a /, and so as another path; leave it out";

/** Whether a receiver can read its path as another one, beyond what is allowed. What a URL has of .. and \ is resolved before. */
export function isAmbiguous({ pathname }: URL): boolean {
  return /%2f|%5c/i.test(pathname);
}

/** Who is told of a lease that names a URL; undefined: nobody may be told there. */
export function allowedFor({ allowed }: Pick<NoticeRules, "allowed">, url: URL): Receiver | undefined {
  if (isAmbiguous(url)) return undefined;
  const found = allowed.find((one) => url.href.startsWith(one.url.href));
  return found && { ...found, url };
}
