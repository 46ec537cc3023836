/**
 * What a caller must be allowed for what a request names. Every method of table.ts has one of these; a caller who may do everything is not
 * asked. What a request does not name, such as the environments of a list, its method shows only as far as the caller may see it.
 */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { ApplyEnvironmentsRequest, LeaseFilter } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import type { AcquireRequest, RenewRequest } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Identity } from "../access/identity.ts";
import type { Role } from "../core/access/grant.ts";
import { namesOf, selectorsOf } from "../core/model/needs.ts";
import { failure } from "./errors.ts";
import type { Service } from "./methods/call.ts";
import { seesLease, sightOf } from "./sight.ts";

/** A request that is to be answered. */
export interface Asked<M> {
  readonly service: Service;
  readonly caller: Identity;
  /** What its method takes. */
  readonly role: Role;
  readonly message: M;
}

/** Throws permission_denied. */
export type Guard<I extends DescMessage> = (asked: Asked<MessageShape<I>>) => void | Promise<void>;

/** Nothing is named that could be somebody else's: who calls is enough, or the caller's own lease is judged by the core. */
export function freely(): void {}

/** The environment that a request names, if it does; what it asks of a pool is answered as far as the caller may see it. */
export function onEnvironment({ service, caller, role, message }: Asked<{ readonly environment: string }>): void {
  const { environment } = message;
  if (environment !== "") demand(caller, role, service.engine.views.homeOf(environment).name, environment);
}

/** The environments that an Acquire names; of what it selects, it gets only what the caller may use. */
export function onNeeds({ service, caller, message }: Asked<AcquireRequest>): void {
  const { views } = service.engine;
  const role = roleOf(message);
  const needs = message.environment === "" ? message.needs : [{ environment: message.environment, selector: "" }];
  const names = needs.flatMap(({ environment }) => environment || []);
  const owner = names.map((name) => views.ownerOf(name)).find((pool) => pool !== undefined);
  const pool = message.pool || owner || "default";
  for (const name of names) demand(caller, role, views.ownerOf(name) ?? pool, name);
  if (needs.some(({ selector }) => selector !== "")) onPool({ service, caller, role, message: { pool } });
}

/** What an Acquire takes: to reserve for later is a role of its own. */
export function roleOf({ notBefore, notAfter, autoClaim }: Pick<AcquireRequest, "notBefore" | "notAfter" | "autoClaim">): Role {
  return notBefore !== undefined || notAfter !== undefined || autoClaim ? "RESERVE" : "USE";
}

/** The lease that a request names: the caller's own, or one that it sees. Whose it is, is for the core to judge. */
export async function onLease({ service, caller, message }: Asked<{ readonly leaseId: string }>): Promise<void> {
  const found = message.leaseId === "" ? undefined : await service.engine.views.lease(message.leaseId);
  if (found === undefined || found.lease.principal === caller.principal) return;
  if (!seesLease(caller, found.lease, found.pool))
    throw notAllowed(caller, "VIEW", `what lease ${found.lease.id} is on, which somebody else asked for`);
}

/** All that a lease is on: its end is the end of all of it. */
export async function onWholeLease({ service, caller, role, message }: Asked<{ readonly leaseId: string }>): Promise<void> {
  const found = message.leaseId === "" ? undefined : await service.engine.views.lease(message.leaseId);
  if (found === undefined) return;
  const { lease } = found;
  const names = namesOf(lease);
  for (const name of names) demand(caller, role, lease.pool, name);
  if (names.length === 0 && !caller.rights.mayPool(role, lease.pool))
    throw notAllowed(caller, role, `all of pool ${JSON.stringify(lease.pool)}`);
}

/** A renewal is its owner's, whom the core tells; to set not_after is to reserve, also what a selector may yet find. */
export async function onRenewal(asked: Asked<RenewRequest>): Promise<void> {
  const { service, caller, message } = asked;
  await onLease(asked);
  const found = message.notAfter === undefined ? undefined : await service.engine.views.lease(message.leaseId);
  if (found?.lease.principal !== caller.principal) return;
  const { lease } = found;
  for (const name of namesOf(lease)) demand(caller, "RESERVE", lease.pool, name);
  const globs = caller.rights.within("RESERVE", lease.pool);
  const open = selectorsOf(lease).filter(({ chosen }) => chosen.length === 0);
  if (globs !== undefined && !open.every(({ only }) => only?.every((glob) => globs.includes(glob)) === true))
    throw notAllowed(caller, "RESERVE", `all that lease ${lease.id} could have of pool ${JSON.stringify(lease.pool)}`);
}

/** Every environment and pool that a configuration is for; what else it prunes is only what the caller may administer. */
export function onFleet({ service, caller, role, message }: Asked<ApplyEnvironmentsRequest>): void {
  const { views } = service.engine;
  for (const { name, pool, variables, slotVariables } of message.environments) {
    const home = pool || "default";
    const owner = views.ownerOf(name);
    demand(caller, role, home, name);
    if (owner !== undefined && owner !== home) demand(caller, role, owner, name);
    const config = views.homeOf(name).sites.get(name)?.environment.config;
    const known = serverVariables(config?.variables ?? {}, config?.slotVariables ?? []);
    const slots = slotVariables.map((slot) => slot.variables);
    for (const one of serverVariables(variables, slots))
      if (!known.has(one))
        throw notAllowed(caller, role, `everything, which it takes to have ${one} told to the holders of ${JSON.stringify(name)}`, name);
  }
  for (const { name } of message.pools)
    if (!caller.rights.mayPool(role, name)) throw notAllowed(caller, role, `all of pool ${JSON.stringify(name)}`);
}

/** By its name: a value, or where the server has it. */
type Variables = Readonly<Record<string, { readonly value?: string | undefined; readonly fromEnv?: string }>>;

/** The server's own variables whose values a configuration has told to holders: others' as well. */
function serverVariables(variables: Variables, ofSlots: readonly Variables[]): Set<string> {
  return new Set([variables, ...ofSlots].flatMap((all) => Object.values(all).flatMap(({ fromEnv }) => fromEnv || [])));
}

/** Everything there is: a key could be made that opens it. */
export function onEverything({ caller, role }: Asked<object>): void {
  if (!caller.rights.mayAll(role)) throw notAllowed(caller, role, "everything");
}

/** What a Release names: of what a caller does not see, it does not learn whose it is. */
export function onHeld(asked: Asked<{ readonly environment: string; readonly leaseId: string }>): Promise<void> {
  onEnvironment({ ...asked, role: "VIEW" });
  return onLease(asked);
}

/** What a cleaner asks for: one environment, or any of a pool. */
export function onDirty(asked: Asked<{ readonly environment: string; readonly pool: string }>): void {
  const { environment, pool } = asked.message;
  onEnvironment(asked);
  if (environment === "") onPool({ ...asked, message: { pool: pool || "default" } });
}

/** What a list is asked for by name. */
export function onFilter(asked: Asked<{ readonly filter?: LeaseFilter | undefined }>): void {
  const { environment = "", selector = "", pool = "" } = asked.message.filter ?? {};
  onEnvironment({ ...asked, message: { environment } });
  onPool({ ...asked, message: { pool: pool === "" && selector !== "" ? "default" : pool } });
}

/** What the history is asked for by name; an environment may have been in another pool. */
export function onPast(asked: Asked<{ readonly filter?: { readonly environment: string; readonly pool: string } | undefined }>): void {
  const { environment = "", pool = "" } = asked.message.filter ?? {};
  if (environment !== "" && sightOf(asked.caller)?.fits(environment) === false)
    throw notAllowed(asked.caller, asked.role, JSON.stringify(environment), environment);
  onPool({ ...asked, message: { pool } });
}

/** A pool of which the caller sees something; what, is for the method. */
export function onPool({ caller, role, message: { pool } }: Asked<{ readonly pool: string }>): void {
  if (pool !== "" && caller.rights.within(role, pool)?.length === 0)
    throw notAllowed(caller, role, `anything in pool ${JSON.stringify(pool)}`);
}

/**
 * Throws unless the caller may do this to an environment, which need not exist: whether it does, and where, is not told to who does not see
 * it.
 */
export function demand(caller: Identity, role: Role, pool: string, environment: string): void {
  const { rights } = caller;
  if (rights.may(role, pool, environment)) return;
  const where = rights.may("VIEW", pool, environment) ? ` (pool ${JSON.stringify(pool)})` : "";
  throw notAllowed(caller, role, `${JSON.stringify(environment)}${where}`, environment);
}

/** Who can change what a caller may do, where it is not whoever made its key. */
const GIVERS: Partial<Record<Identity["kind"], string>> = {
  OIDC: "whoever writes the server's access rules",
  CERTIFICATE: "whoever writes the server's access rules",
};

/** Whoever is refused is told who they are to the server, what was missing, and what to do. */
export function notAllowed(caller: Identity, role: Role, what: string, environment = ""): Error {
  const { principal, label, rights, kind } = caller;
  const who = label === undefined ? principal : `${principal} (${label})`;
  const has = rights.grants.map((grant) => `ROLE_${grant.role} on ${grant.patterns.join(", ")}`).join("; ") || "nothing";
  return failure(
    "NOT_ALLOWED",
    `${who} has no ROLE_${role} on ${what}; it has ${has}. Ask ${GIVERS[kind] ?? "whoever gave you the key"} for a grant of it`,
    {
      metadata: { role: `ROLE_${role}`, principal, environment },
    },
  );
}
