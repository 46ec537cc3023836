/** Acquire's message as a command: defaults, bounds, and the fingerprint that tells a retry from another request. */
import { hash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { type AcquireRequest, AcquireRequestSchema, IfBusy, Supersede } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Proven } from "../../access/oidc/providers.ts";
import type { Caller } from "../../core/access/caller.ts";
import type { Acquire } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import type { Micros } from "../../core/model/units.ts";
import { badField } from "../errors.ts";
import { choice, duration, integer, required, text, time, timeAsWritten } from "./fields.ts";
import { readHolder } from "./holder.ts";
import { newLeaseId } from "./ids.ts";
import { readNeeds } from "./needs.ts";

const TTL = { min: limits.minTtl, max: limits.maxTtl };
const IF_BUSY: Partial<Record<IfBusy, Acquire["ifBusy"]>> = {
  [IfBusy.UNSPECIFIED]: "QUEUE",
  [IfBusy.QUEUE]: "QUEUE",
  [IfBusy.FAIL]: "FAIL",
};
const SUPERSEDE: Partial<Record<Supersede, "NONE" | "PENDING" | "HELD">> = {
  [Supersede.UNSPECIFIED]: "NONE",
  [Supersede.NONE]: "NONE",
  [Supersede.PENDING]: "PENDING",
  [Supersede.HELD]: "HELD",
};

export interface AcquireInput {
  readonly pool: string;
  readonly command: Acquire;
}

/** `poolOf` knows which pool an existing environment is in, `mayNotify` what is wrong with a URL for notices. Throws invalid_argument. */
export function readAcquire(
  request: AcquireRequest,
  by: Caller & { readonly proven?: Proven },
  autoCreate: boolean,
  poolOf: (environment: string) => string | undefined,
  mayNotify: (url: string) => string | undefined,
): AcquireInput {
  const { pool, needs } = readNeeds(request, poolOf);
  const content = readContent(request, by.proven);
  const requestId = text("request_id", request.requestId, limits.name);
  const command: Acquire = {
    type: "acquire",
    id: newLeaseId(),
    by,
    needs,
    autoCreate,
    ...content,
    ...readNotify(request, mayNotify),
    fingerprint: requestId === "" ? "" : fingerprintOf(request, pool, needs),
    legacy: false,
    ...(requestId === "" ? {} : { requestId }),
  };
  return { pool, command };
}

/**
 * Of the fields as they were sent, but for `wait`, and for `notify`, which nobody is shown who takes up what another job has asked for. A
 * default of ours is no part of it, so that it may change between a call and its retry.
 * The environments alone are compared by what they mean, however they were named.
 */
function fingerprintOf(request: AcquireRequest, pool: string, needs: Acquire["needs"]): string {
  const { wait: _, notify: __, ...sent } = request;
  const content = toBinary(
    AcquireRequestSchema,
    { ...sent, notify: "", environment: "", pool: "", needs: [] },
    { writeUnknownFields: false },
  );
  return hash("sha256", Buffer.concat([Buffer.from(JSON.stringify([pool, needs])), content]), "base64url");
}

type Content = Omit<Acquire, "type" | "id" | "by" | "needs" | "autoCreate" | "fingerprint" | "legacy" | "requestId">;

function readContent(request: AcquireRequest, proven: Proven | undefined): Content {
  const ttl = duration("ttl", request.ttl, TTL);
  const maxHold = duration("max_hold", request.maxHold, TTL);
  const queueTimeout = duration("queue_timeout", request.queueTimeout, limits.queueTimeout);
  const notBefore = request.notBefore && time("not_before", request.notBefore);
  const notAfter = request.notAfter && time("not_after", request.notAfter);
  checkTimes(request, notBefore, notAfter);
  if (request.tags.length > limits.tags) throw badField("tags", `has ${request.tags.length} entries; at most ${limits.tags} are allowed`);
  return {
    ifBusy: choice("if_busy", request.ifBusy, IF_BUSY),
    ...(ttl === undefined ? {} : { ttl }),
    ...(maxHold === undefined ? {} : { maxHold }),
    ...(queueTimeout === undefined ? {} : { queueTimeout }),
    ...(notBefore !== undefined && { notBefore }),
    ...(notAfter !== undefined && { notAfter }),
    ...(request.autoClaim && { autoClaim: true }),
    ...readSupersede(request),
    ticketTtl: duration("ticket_ttl", request.ticketTtl, limits.ticketTtl) ?? limits.ticketTtl.default,
    claimTimeout: duration("claim_timeout", request.claimTimeout, limits.claimTimeout) ?? limits.claimTimeout.default,
    priority: integer("priority", request.priority, -limits.priority, limits.priority),
    holder: readHolder(request.holder, proven),
    reason: text("reason", request.reason),
    tags: request.tags.map((tag, index) => text(`tags[${index}]`, required(`tags[${index}]`, tag), limits.name)),
  };
}

function readSupersede(request: AcquireRequest): Pick<Acquire, "supersedeKey" | "supersede"> {
  const supersedeKey = text("supersede_key", request.supersedeKey, limits.name);
  const supersede = choice("supersede", request.supersede, SUPERSEDE);
  if (supersede === "NONE") return supersedeKey === "" ? {} : { supersedeKey };
  if (supersedeKey !== "") return { supersedeKey, supersede };
  throw badField("supersede", `is SUPERSEDE_${supersede}, and there is no supersede_key; give the key of those that are to be superseded`);
}

/** What is wrong with the URL is told without it: it may be secret. */
function readNotify({ notify }: AcquireRequest, mayNotify: (url: string) => string | undefined): Pick<Acquire, "notify"> {
  if (notify === "") return {};
  const complaint = mayNotify(notify);
  if (complaint !== undefined) throw badField("notify", complaint);
  return { notify: new URL(notify).href };
}

/** Those that never can be meant; what depends on the present time is judged by the store's clock, once it is known to be no retry. */
function checkTimes(request: AcquireRequest, notBefore: Micros | undefined, notAfter: Micros | undefined): void {
  if (notBefore !== undefined && request.ifBusy === IfBusy.FAIL)
    throw badField("not_before", "is given with IF_BUSY_FAIL; a reservation for later waits: leave one of the two out");
  if (notBefore !== undefined && notAfter !== undefined && notAfter <= notBefore)
    throw badField("not_after", `${timeAsWritten(notAfter)} is not after not_before, ${timeAsWritten(notBefore)}`);
  if (request.autoClaim && notAfter === undefined)
    throw badField("auto_claim", "needs not_after: nobody has to renew such a lease, so its end must be given");
}
