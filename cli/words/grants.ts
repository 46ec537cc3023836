/** Grants as they are written on the command line, and shown: `use:team-a/*,shared-*;max-hold=2h`. */
import { create } from "@bufbuild/protobuf";
import { type Grant, GrantSchema, Role, RoleSchema } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { Failure } from "../exit.ts";
import { nanoseconds, parseDuration, writeDuration } from "./duration.ts";
import { spoken } from "./phrases.ts";

/** The roles, as they are written. */
export const ROLES: readonly string[] = Object.keys(Role)
  .filter((name) => name !== "UNSPECIFIED" && Number.isNaN(Number(name)))
  .map((name) => name.toLowerCase());

const FORM = "'use:team-a/*,shared-*' or 'use:team-a/*;max-hold=2h'";

/** What one grant is made of, in words: of options, or of the parts of a text. */
interface Words {
  readonly role: string;
  /** Patterns, several with commas. */
  readonly on: readonly string[];
  readonly maxHold?: string | undefined;
  readonly maxPriority?: string | undefined;
  readonly maxLeases?: string | undefined;
}

/** Reads a grant in words. A usage Failure names the word, as it begins in `source`, such as `--`. */
export function grantOf({ role, on, maxHold, maxPriority, maxLeases }: Words, source = "--"): Grant {
  const patterns = on.flatMap((patterns) => patterns.split(",")).map((pattern) => pattern.trim());
  if (patterns.length === 0 || patterns.includes(""))
    throw Failure.usage(`say what ${role} is for: --on 'team-a/*' (several with commas), or --on '*' for everything`);
  return create(GrantSchema, {
    ...{ role: roleOf(role), patterns },
    ...(maxHold !== undefined && { maxHold: parseDuration(`${source}max-hold`, maxHold) }),
    ...(maxPriority !== undefined && { maxPriority: integer(`${source}max-priority`, maxPriority) }),
    ...(maxLeases !== undefined && { maxLeases: integer(`${source}max-leases`, maxLeases) }),
  });
}

/** Reads `ROLE:PATTERN[,PATTERN…][;max-hold=…][;max-priority=…][;max-leases=…]`. A usage Failure says what is wrong in it. */
export function readGrant(text: string): Grant {
  const [, role = "", patterns = "", bounds = ""] = /^([^:;]*):([^;]+)((?:;.*)?)$/.exec(text) ?? [];
  if (role.trim() === "") throw Failure.usage(`--grant ${JSON.stringify(text)} is no grant; write it like ${FORM}`);
  const words: Record<string, string> = {};
  for (const bound of bounds.split(";").slice(1)) {
    const [, name = "", value = ""] = /^\s*(max[-_](?:hold|priority|leases))\s*=\s*(\S+)\s*$/.exec(bound) ?? [];
    const key = name.replace("_", "-");
    if (name === "" || key in words)
      throw Failure.usage(
        `--grant ${JSON.stringify(text)}: ${JSON.stringify(bound)} is none of max-hold=…, max-priority=… and max-leases=…, each once`,
      );
    words[key] = value;
  }
  const bound = { maxHold: words["max-hold"], maxPriority: words["max-priority"], maxLeases: words["max-leases"] };
  return grantOf({ role: role.trim(), on: [patterns], ...bound }, `--grant ${JSON.stringify(text)}: `);
}

/** A grant as `readGrant` reads it. */
export function writeGrant(grant: Grant): string {
  const bounds = boundsOf(grant).map(([name, value]) => `;${name}=${value}`);
  return `${spoken(RoleSchema, grant.role)}:${grant.patterns.join(",")}${bounds.join("")}`;
}

/** A grant for people: "use team-a/*, shared-* (max-hold 2h)". */
export function sayGrant(grant: Grant): string {
  const bounds = boundsOf(grant).map((bound) => bound.join(" "));
  return `${spoken(RoleSchema, grant.role)} ${grant.patterns.join(", ")}${bounds.length === 0 ? "" : ` (${bounds.join(", ")})`}`;
}

function boundsOf({ maxHold, maxPriority, maxLeases }: Grant): [name: string, value: string | number][] {
  return [
    ...(maxHold === undefined ? [] : [["max-hold", writeDuration(nanoseconds(maxHold))] satisfies [string, string]]),
    ...(maxPriority === undefined ? [] : [["max-priority", maxPriority] satisfies [string, number]]),
    ...(maxLeases === undefined ? [] : [["max-leases", maxLeases] satisfies [string, number]]),
  ];
}

/** Also as the contract, and errors, have it: ROLE_USE. */
function roleOf(text: string): Role {
  const name = text.toLowerCase().replace(/^role_/, "");
  if (ROLES.includes(name)) return Role[name.toUpperCase() as keyof typeof Role];
  throw Failure.usage(`--role ${JSON.stringify(text)} is none of ${ROLES.join(", ")}`);
}

function integer(source: string, text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw Failure.usage(`${source} ${JSON.stringify(text)} is no whole number`);
}
