/** EnvironmentService: each method once, `(message, call) → message`. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import * as pb from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState as StateMessage } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Identity } from "../../access/identity.ts";
import { Names } from "../../core/access/sight.ts";
import type { Apply, Change, Reply, SetState } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import type { Environment, EnvironmentConfig } from "../../core/model/environment.ts";
import type { Pool } from "../../core/model/pool.ts";
import { makesOnDemand } from "../../core/model/pool-config.ts";
import { statusOf } from "../../core/view.ts";
import { Slice } from "../../engine/slice.ts";
import type { Views } from "../../engine/views.ts";
import { badField, refused } from "../errors.ts";
import { learn } from "../sight.ts";
import type { Call, Service } from "./call.ts";
import { environmentMessage, leaseMessage, statusMessage } from "./convert.ts";
import { dictionary, duration, integer, link, newName, required, show, text, time } from "./fields.ts";
import { readLife } from "./life.ts";
import { accepted } from "./lock.ts";
import { noSuch } from "./misspellings.ts";
import { fieldName, only, poolChange, readPools } from "./pool-configs.ts";
import { type FromEnv, lookUpIn, readVariables, refuseLacking } from "./variables.ts";

const TTL = { min: limits.minTtl, max: limits.maxTtl };
/** The states that SetEnvironmentState may set: CLEANING is what a cleaner makes it. */
const SETTABLE: Partial<Record<StateMessage, SetState["state"]>> = {
  [StateMessage.AVAILABLE]: "AVAILABLE",
  [StateMessage.DRAINING]: "DRAINING",
  [StateMessage.MAINTENANCE]: "MAINTENANCE",
  [StateMessage.DIRTY]: "DIRTY",
  [StateMessage.QUARANTINED]: "QUARANTINED",
};
export async function get(
  service: Service,
  request: pb.GetEnvironmentRequest,
  { caller }: Pick<Call, "caller">,
): Promise<MessageInitShape<typeof pb.GetEnvironmentResponseSchema>> {
  const { pool, environment } = find(service, request.environment, caller);
  return {
    environment: environmentMessage(environment),
    status: statusMessage(statusOf(pool, environment.config.name), service.engine.views),
  };
}

/** `lacking` hears of what the server has no value for, and may let it pass. */
export async function apply(
  { engine, autoCreate, secrets }: Service,
  request: pb.ApplyEnvironmentsRequest,
  call: Call,
  lacking: FromEnv = refuseLacking,
): Promise<MessageInitShape<typeof pb.ApplyEnvironmentsResponseSchema>> {
  const { prune, dryRun, withBefore } = request;
  const byPool = readConfigs(request, engine.views, lookUpIn(secrets, lacking));
  const pools = readPools(request.pools);
  // It prunes what its caller administers, and looks at no other pool.
  const administered = (pool: string) => call.caller.rights.within("ADMIN", pool);
  const known = prune ? [...engine.views.pools()].map(({ name }) => name).filter((pool) => administered(pool)?.length !== 0) : [];
  // What is judged here is not judged under the lock.
  const slice = new Slice();
  for (const pool of known) await learn(new Names(administered(pool) ?? []), engine.views.pool(pool), slice);
  const parts = [...new Set([...byPool.keys(), ...pools.keys(), ...known])].sort().map((pool) => {
    const config = pools.get(pool);
    const environments = byPool.get(pool) ?? [];
    const only = administered(pool);
    const command: Apply = { type: "apply", by: call.caller, environments, ...(config && { config }), prune, ...(only && { only }) };
    return { pool, command };
  });
  const replies = await engine.submitAll({ parts, dryRun }, call);
  const changes = replies.flatMap((reply, index) => changesOf(reply).map((change) => ({ ...change, pool: parts[index]?.pool ?? "" })));
  changes.sort((a, b) => (a.name < b.name ? -1 : 1));
  const home = replies.find(({ pool }) => pool.name === "default");
  return {
    changes: changes.map((change) => environmentChange(change, withBefore)),
    pools: replies.flatMap((reply) => (reply.ok && reply.configured ? [poolChange(reply.configured, withBefore)] : [])),
    autoCreate: home === undefined ? engine.views.makesOnDemand("default", autoCreate) : makesOnDemand(home.pool, autoCreate),
  };
}

export async function remove(
  service: Service,
  request: pb.DeleteEnvironmentRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.DeleteEnvironmentResponseSchema>> {
  const { pool, environment } = find(service, request.environment, call.caller);
  const reply = await service.engine.submit(pool.name, { type: "delete", by: call.caller, environment: environment.config.name }, call);
  if (!reply.ok) throw refused(reply);
  return { environment: environmentMessage(environment) };
}

export async function setState(
  service: Service,
  request: pb.SetEnvironmentStateRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.SetEnvironmentStateResponseSchema>> {
  const { pool, environment } = find(service, request.environment, call.caller);
  const state = SETTABLE[request.state];
  if (state === undefined) throw badField("state", "give ENVIRONMENT_STATE_AVAILABLE, _DRAINING, _MAINTENANCE, _DIRTY or _QUARANTINED");
  if (state === "DIRTY" && request.until !== undefined)
    throw badField("until", "does not go with DIRTY: it is AVAILABLE once somebody has cleaned it");
  const reason = text("reason", request.reason);
  const until = request.until === undefined ? {} : { until: time("until", request.until) };
  const { name } = environment.config;
  const reply = await service.engine.submit(
    pool.name,
    { type: "setState", by: call.caller, environment: name, state, reason, ...until },
    call,
  );
  if (!reply.ok) throw refused(reply);
  const after = reply.pool.sites.get(name)?.environment ?? environment;
  return { environment: environmentMessage(after) };
}

export async function forceRelease(
  service: Service,
  request: pb.ForceReleaseRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.ForceReleaseResponseSchema>> {
  const { engine } = service;
  const lease = required("lease_id", request.leaseId);
  const reason = text("reason", required("reason", request.reason));
  const reply = accepted(await engine.submitFor(lease, { type: "forceRelease", by: call.caller, lease, reason }, call), lease);
  return { lease: leaseMessage(reply.lease, reply.pool, engine.views), alreadyEnded: reply.alreadyEnded ?? false };
}

function find({ engine }: Service, name: string, caller: Identity): { pool: Pool; environment: Environment } {
  const pool = engine.views.homeOf(required("environment", name));
  const site = pool.sites.get(name);
  if (site === undefined) throw noSuch(engine.views, caller, name);
  return { pool, environment: site.environment };
}

function readConfigs(request: pb.ApplyEnvironmentsRequest, views: Views, lookUp: FromEnv): Map<string, EnvironmentConfig[]> {
  const most = limits.environments.total;
  if (request.environments.length > most) throw badField("environments", `has ${request.environments.length} entries; at most ${most} fit`);
  const places = new Map<string, number>();
  const byPool = new Map<string, EnvironmentConfig[]>();
  for (const [index, message] of request.environments.entries()) {
    const config = readConfig(message, index, views, lookUp);
    const place = places.get(config.name);
    if (place !== undefined)
      throw badField(`environments[${index}].name`, `${show(config.name)} is given twice: it is the name of environments[${place}], too`);
    places.set(config.name, index);
    const pool = byPool.get(config.pool);
    if (pool === undefined) byPool.set(config.pool, [config]);
    else pool.push(config);
  }
  if (byPool.size > limits.pools) throw badField("environments", `name ${byPool.size} pools; at most ${limits.pools} fit`);
  return byPool;
}

/** A name is checked only where one is created: /maybe takes any. */
function readConfig(message: pb.Environment, index: number, views: Views, lookUp: FromEnv): EnvironmentConfig {
  const at = (field: string) => `environments[${index}].${field}`;
  const capacity = integer(at("capacity"), message.capacity ?? 1, 1, limits.capacity);
  const times = {
    defaultTtl: duration(at("default_ttl"), message.defaultTtl, TTL),
    maxTtl: duration(at("max_ttl"), message.maxTtl, TTL),
    maxHold: duration(at("max_hold"), message.maxHold, TTL),
    lockDelay: duration(at("lock_delay"), message.lockDelay, { min: 0, max: limits.lockDelay.max }),
    cooldown: duration(at("cooldown"), message.cooldown, { min: 0, max: limits.cooldown.max }),
  };
  return {
    name: views.ownerOf(message.name) === undefined ? newName(at("name"), message.name) : message.name,
    pool: message.pool === "" ? "default" : newName(at("pool"), message.pool),
    description: text(at("description"), message.description),
    labels: dictionary(at("labels"), message.labels),
    capacity,
    links: dictionary(at("links"), message.links, link),
    ...readVariables(message, capacity, at, lookUp),
    ...readLife(message, capacity, at),
    ...(Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined)) as Partial<EnvironmentConfig>),
  };
}

function changesOf(reply: Reply): readonly Change[] {
  if (!reply.ok) throw refused(reply);
  return reply.changes ?? [];
}

function environmentChange(
  { name, kind, fields, before, pool }: Change & { readonly pool: string },
  withBefore: boolean,
): MessageInitShape<typeof pb.EnvironmentChangeSchema> {
  const changed = { name, pool, kind: pb.ChangeKind[kind], fields: fields.map(fieldName) };
  if (!withBefore || before === undefined) return changed;
  const message = environmentMessage({ config: before, state: "AVAILABLE", stateReason: "", fence: 0, revision: 0 });
  return { ...changed, before: only(message, ["name", ...fields]) };
}
