/** Grants as a file of access rules writes them. */
import { type Grant, ROLES } from "../../core/access/grant.ts";
import { complaintOf } from "../../core/access/pattern.ts";
import { limits } from "../../core/limits.ts";
import { readDuration } from "../../core/model/duration.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Entry } from "./entry.ts";

const EXAMPLE = "write environment or pool:environment, for example team-a-* or lab:*";
const FIELDS = ["role", "patterns", "max_hold", "max_priority", "max_leases"] as const;

/** What an identity is granted: one grant, or a list of them. Throws BadFile. */
export function grantsIn(entry: Entry): readonly Grant[] {
  const grants = entry.entries({ min: 1, max: limits.patterns.count }).map(grantIn);
  const patterns = grants.flatMap((grant) => grant.patterns).length;
  if (patterns > limits.patterns.count)
    throw entry.fault(`has ${patterns} patterns; give ${limits.patterns.count} at most, over all grants`);
  return grants;
}

function grantIn(entry: Entry): Grant {
  const fields = entry.object(FIELDS);
  const [maxHold, maxPriority, maxLeases] = [fields.get("max_hold"), fields.get("max_priority"), fields.get("max_leases")];
  return {
    role: fields.need("role", `give one of ${ROLES.join(", ")}`).word(ROLES),
    patterns: fields.need("patterns", EXAMPLE).entries({ min: 1, max: limits.patterns.count }).map(patternIn),
    ...(maxHold && { maxHold: durationIn(maxHold, limits.minTtl, limits.maxTtl) }),
    ...(maxPriority && { maxPriority: maxPriority.number({ min: -limits.priority, max: limits.priority }) }),
    ...(maxLeases && { maxLeases: maxLeases.number({ min: 1, max: limits.leases.total }) }),
  };
}

/** A pattern of names. Throws BadFile. */
export function patternIn(entry: Entry): string {
  const pattern = entry.text(EXAMPLE, limits.patterns.text);
  const complaint = complaintOf(pattern);
  if (complaint !== undefined) throw entry.fault(`${JSON.stringify(pattern)} ${complaint}`);
  return pattern;
}

/** A length of time between two bounds, which have to be whole seconds. Throws BadFile. */
export function durationIn(entry: Entry, min: Micros, max: Micros): Micros {
  const duration = readDuration(entry.written ?? "");
  if (duration === undefined || duration < min || duration > max)
    throw entry.got(`write a duration like 30s, 15m or 1h30m, from ${min / 1e6} s to ${max / 1e6} s`);
  return duration;
}
