/** What an Acquire, or an AcquireForCleaning, gets of what it asks for: only what its caller may use, for as long, and so much at once. */
import { hash } from "node:crypto";
import { networkOf } from "../../access/address.ts";
import type { Identity } from "../../access/identity.ts";
import { type Bounds, boundsOf } from "../../core/access/bounds.ts";
import type { Grant, Role } from "../../core/access/grant.ts";
import type { Acquire, Clean, Quota } from "../../core/command.ts";
import type { Want } from "../../core/model/lease.ts";
import { failure } from "../errors.ts";
import type { Service } from "./call.ts";

type Allowance = Pick<Acquire, "longest" | "quotas">;

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
  const bounds = boundsOf(rights, role, pool, names);
  const { maxHold, maxPriority } = bounds;
  if (maxPriority !== undefined && priority > maxPriority)
    throw failure("NOT_ALLOWED", `priority: ${priority} is higher than ${principal} may ask for; give ${maxPriority} at most`, {
      field: "priority",
    });
  return {
    ...(maxHold !== undefined && { longest: maxHold }),
    ...quotasFor(service, caller, bounds),
  };
}

/**
 * What the grants count that admit a request and, where one of them counts nothing, what any principal may have that is not exempt from limits;
 * and what may be asked for from one address.
 */
export function quotasFor(
  { throttle }: Service,
  { principal, address = "" }: Identity,
  { counting, uncounted }: Pick<Bounds, "counting" | "uncounted">,
): Pick<Acquire, "quotas"> {
  const { exempt, principal: each, address: ofAddress } = throttle.limits;
  const quotas = counting.map((grant): Quota => ({ name: `${principal}#${nameOf(grant)}`, most: grant.maxLeases ?? 0 }));
  if (uncounted && !exempt.principals.has(principal)) quotas.push({ name: principal, most: each.leases });
  if (!exempt.address(address)) {
    const name = `from ${networkOf(address)}`;
    quotas.push({ name, most: ofAddress.leases, of: `all callers ${name}` });
  }
  return quotas.length === 0 ? {} : { quotas };
}

const names = new WeakMap<Grant, string>();

/** By what it says, so that its leases stay its own when a rule's grants change places. */
function nameOf(grant: Grant): string {
  const name = names.get(grant) ?? hash("sha256", JSON.stringify([grant.role, grant.patterns]), "base64url").slice(0, 8);
  names.set(grant, name);
  return name;
}
