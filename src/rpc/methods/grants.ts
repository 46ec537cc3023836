/** Grants in messages: what a key, or a rule for tokens, allows. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import * as pb from "../../../gen/ts/callme/v1/access_service_pb.ts";
import type { Grant, Role } from "../../core/access/grant.ts";
import { complaintOf } from "../../core/access/pattern.ts";
import { limits } from "../../core/limits.ts";
import { badField } from "../errors.ts";
import { choice, duration, integer, required, show, text } from "./fields.ts";
import { durationOf } from "./times.ts";

const ROLES: Partial<Record<pb.Role, Role>> = {
  [pb.Role.VIEW]: "VIEW",
  [pb.Role.USE]: "USE",
  [pb.Role.RESERVE]: "RESERVE",
  [pb.Role.OPERATE]: "OPERATE",
  [pb.Role.CLEAN]: "CLEAN",
  [pb.Role.ADMIN]: "ADMIN",
};

/** Reads the grants of a key. Throws invalid_argument. */
export function readGrants(field: string, grants: readonly pb.Grant[]): Grant[] {
  if (grants.length === 0) throw badField(field, "is missing; give at least one, such as ROLE_USE on the pattern team-a/*");
  const count = grants.reduce((sum, { patterns }) => sum + patterns.length, 0);
  if (count > limits.patterns.count) throw badField(field, `have ${count} patterns; at most ${limits.patterns.count} are allowed`);
  return grants.map((grant, index) => readGrant(`${field}[${index}]`, grant));
}

function readGrant(at: string, grant: pb.Grant): Grant {
  if (grant.role === pb.Role.UNSPECIFIED) throw badField(`${at}.role`, "is missing; give ROLE_VIEW, USE, RESERVE, OPERATE, CLEAN or ADMIN");
  if (grant.patterns.length === 0)
    throw badField(`${at}.patterns`, "is missing; give what it is for, such as team-a/*, or * for everything");
  const maxHold = duration(`${at}.max_hold`, grant.maxHold, { min: limits.minTtl, max: limits.maxTtl });
  const { maxPriority, maxLeases } = grant;
  return {
    role: choice(`${at}.role`, grant.role, ROLES),
    patterns: grant.patterns.map((pattern, index) => readPattern(`${at}.patterns[${index}]`, pattern)),
    ...(maxHold !== undefined && { maxHold }),
    ...(maxPriority !== undefined && { maxPriority: integer(`${at}.max_priority`, maxPriority, -limits.priority, limits.priority) }),
    ...(maxLeases !== undefined && { maxLeases: integer(`${at}.max_leases`, maxLeases, 1, limits.leases.total) }),
  };
}

function readPattern(at: string, pattern: string): string {
  text(at, required(at, pattern), limits.patterns.text);
  const complaint = complaintOf(pattern);
  if (complaint !== undefined) throw badField(at, `${show(pattern)} ${complaint}`);
  return pattern;
}

/** The same as a message. */
export function grantMessage({ role, patterns, maxHold, maxPriority, maxLeases }: Grant): MessageInitShape<typeof pb.GrantSchema> {
  return {
    ...{ role: pb.Role[role], patterns: [...patterns] },
    ...(maxHold !== undefined && { maxHold: durationOf(maxHold) }),
    ...(maxPriority !== undefined && { maxPriority }),
    ...(maxLeases !== undefined && { maxLeases }),
  };
}
