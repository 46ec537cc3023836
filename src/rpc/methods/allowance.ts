/** What an Acquire, or an AcquireForCleaning, gets of what it asks for: only what its caller may use, for as long, and so much at once. */
import type { Identity } from "../../access/identity.ts";
import { type Bounds, boundsOf } from "../../core/access/bounds.ts";
import type { Role } from "../../core/access/grant.ts";
import type { Acquire, Clean } from "../../core/command.ts";
import type { Want } from "../../core/model/lease.ts";
import { failure } from "../errors.ts";
import type { Service } from "./call.ts";

type Allowance = Pick<Acquire, "longest" | "quota">;

/** The command of a caller who was let in; throws permission_denied for a priority that is too high. */
export function allowedAcquire(service: Service, caller: Identity, role: Role, pool: string, command: Acquire): Acquire {
  const names = command.needs.map((need) => ("selector" in need ? undefined : need.environment));
  const allowance = allowanceOf(service, caller, role, pool, names, command.priority);
  const only = caller.rights.within(role, pool);
  if (only === undefined) return { ...command, ...allowance };
  return { ...command, ...allowance, needs: command.needs.map((need): Want => ("selector" in need ? { ...need, only } : need)) };
}

/** The same for a cleaner. */
export function allowedClean(service: Service, caller: Identity, pool: string, command: Clean): Clean {
  const allowance = allowanceOf(service, caller, "CLEAN", pool, [command.environment], 0);
  const only = caller.rights.within("CLEAN", pool);
  return { ...command, ...allowance, ...(only && { only }) };
}

function allowanceOf(
  service: Service,
  caller: Identity,
  role: Role,
  pool: string,
  names: readonly (string | undefined)[],
  priority: number,
): Allowance {
  const { rights, principal } = caller;
  const { maxHold, maxPriority, quota } = boundsOf(rights, role, pool, names);
  if (maxPriority !== undefined && priority > maxPriority)
    throw failure("NOT_ALLOWED", `priority: ${priority} is higher than ${principal} may ask for; give ${maxPriority} at most`, {
      field: "priority",
    });
  return {
    ...(maxHold !== undefined && { longest: maxHold }),
    ...quotaFor(service, caller, quota),
  };
}

/** The quota of the grant that admits a request or, where that has none, what any principal may have that is not exempt from limits. */
export function quotaFor({ throttle }: Service, { principal }: Identity, quota: Bounds["quota"]): Pick<Acquire, "quota"> {
  if (quota !== undefined) return { quota: { name: quotaOf(principal, quota.grant), most: quota.most } };
  const { exempt, principal: each } = throttle.limits;
  return exempt.principals.has(principal) ? {} : { quota: { name: principal, most: each.leases } };
}

/** What leases that one of a caller's grants has admitted count against. */
function quotaOf(principal: string, grant: number): string {
  return `${principal}#${grant}`;
}
