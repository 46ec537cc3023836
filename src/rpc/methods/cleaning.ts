/** AcquireForCleaning: `(message, call) → message`. */
import { hash } from "node:crypto";
import { type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AcquireForCleaningRequest,
  AcquireForCleaningRequestSchema,
  type AcquireForCleaningResponseSchema,
} from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import type { Identity } from "../../access/identity.ts";
import type { Clean } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import { wrongPool } from "../../core/verbs/refusal.ts";
import { BoundedCall } from "../bounded-call.ts";
import { badField, refused } from "../errors.ts";
import { allowedClean } from "./allowance.ts";
import type { Call, Service } from "./call.ts";
import { duration, text } from "./fields.ts";
import { readHolder } from "./holder.ts";
import { newLeaseId } from "./ids.ts";
import { accepted, WAIT } from "./lock.ts";
import { noSuch } from "./misspellings.ts";
import { readSelector } from "./selector.ts";
import { knownPool } from "./topic.ts";
import { heldMessage } from "./variables.ts";

export async function acquireForCleaning(
  service: Service,
  request: AcquireForCleaningRequest,
  call: Call,
): Promise<MessageInitShape<typeof AcquireForCleaningResponseSchema>> {
  const { engine, principals, secrets } = service;
  const wait = duration("wait", request.wait, WAIT);
  const pool = poolOf(service, request, call.caller);
  // It waits in memory, where nobody ends it but the end of its call: that of a caller who is nobody any more is over.
  using bounded = new BoundedCall(call, call.caller, () => engine.views.now());
  const command = allowedClean(service, call.caller, pool, readClean(request, pool, call));
  const reply = await engine.clean({ pool, command, wait }, bounded);
  if (!reply.ok && reply.reason === "ENVIRONMENT_NOT_FOUND") throw noSuch(engine.views, call.caller, request.environment);
  const done = accepted(reply);
  return { lease: heldMessage(done.lease, done.pool, engine.views, secrets), leaseToken: principals.tokenOf(done.lease.id) };
}

function readClean(request: AcquireForCleaningRequest, pool: string, call: Call): Clean {
  const { environment } = request;
  if (environment !== "" && request.selector !== "") throw badField("selector", "is given beside environment; give one of the two");
  const ttl = duration("ttl", request.ttl, { min: limits.minTtl, max: limits.maxTtl });
  const requestId = text("request_id", request.requestId, limits.name);
  return {
    type: "clean",
    id: newLeaseId(),
    by: call.caller,
    holder: readHolder(request.holder, call.caller.proven),
    reason: text("reason", request.reason),
    fingerprint: requestId === "" ? "" : fingerprintOf(request, pool),
    ...(environment !== "" && { environment }),
    ...(request.selector !== "" && { selector: readSelector("selector", request.selector) }),
    ...(ttl !== undefined && { ttl }),
    ...(requestId !== "" && { requestId }),
  };
}

/** Of the fields as they were sent, but for `wait`; never that of an Acquire. */
function fingerprintOf(request: AcquireForCleaningRequest, pool: string): string {
  const { wait: _, ...sent } = request;
  const content = toBinary(AcquireForCleaningRequestSchema, { ...sent, pool }, { writeUnknownFields: false });
  return hash("sha256", Buffer.concat([Buffer.from("cleaning"), content]), "base64url");
}

function poolOf(service: Service, { pool, environment }: AcquireForCleaningRequest, caller: Identity): string {
  const owner = environment === "" ? undefined : service.engine.views.homeOf(environment).name;
  if (owner !== undefined && pool !== "" && pool !== owner) throw refused(wrongPool(environment, owner, pool));
  return owner ?? knownPool(service, pool === "" ? "default" : pool, caller);
}
