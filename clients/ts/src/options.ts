import process from "node:process";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Duration, type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type AcquireRequest, AcquireRequestSchema, IfBusy } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { HolderSchema, Lease, NeedSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import { describeHolder } from "./ci/holder.ts";
import { durationOf, nanoseconds, parseDuration } from "./duration.ts";

/** A length of time: milliseconds, or a text such as "90s" or "1h30m" (ns, us, ms, s, m, h, d). */
export type Length = number | `${number}${"ns" | "us" | "ms" | "s" | "m" | "h" | "d"}${string}`;

/** An environment by name, for one slot of it; or `{ environment, slots }`; or any by their labels: `{ selector, count, slots }`. */
export type Wanted = string | MessageInitShape<typeof NeedSchema>;

/** How to ask for environments. All but `signal` and `onWaiting` are the fields of AcquireRequest. */
export interface HoldOptions extends Partial<Pick<AcquireRequest, (typeof PASSED)[number]>> {
  /** How long the lease outlives its last renewal; 60 s, or with autoClaim until notAfter, unless given. */
  readonly ttl?: Length;
  /** The longest it can be held; 4 h, or the environment's, unless given. */
  readonly maxHold?: Length;
  /** With `ifBusy: IfBusy.FAIL`: how long to stand in line before that fails, 60 s at most; not at all unless given. */
  readonly wait?: Length;
  /** How long to wait in line; for ever unless given. */
  readonly queueTimeout?: Length;
  readonly ticketTtl?: Length;
  readonly claimTimeout?: Length;
  /** A reservation: to enter the line at this time, ahead of all who ask later. */
  readonly notBefore?: Date;
  /** To end then at the latest. */
  readonly notAfter?: Date;
  /** Who it is for; what is left out is filled in from the CI system's variables, or is user@host. */
  readonly holder?: MessageInitShape<typeof HolderSchema>;
  /** Gives the place in line up, or cancels the body. */
  readonly signal?: AbortSignal;
  /** Called with the lease when it waits, and when its position has changed. */
  readonly onWaiting?: (lease: Lease) => void;
}

/** A request that can be repeated. */
export type Request = MessageInitShape<typeof AcquireRequestSchema> & { readonly requestId: string };

/** The options that are not passed on as they are. */
const OWN = [
  "ttl",
  "maxHold",
  "wait",
  "queueTimeout",
  "ticketTtl",
  "claimTimeout",
  "notBefore",
  "notAfter",
  "holder",
  "signal",
  "onWaiting",
];
const PASSED = ["pool", "ifBusy", "priority", "requestId", "reason", "tags", "autoClaim", "supersedeKey", "supersede", "notify"] as const;
const NEEDS = ["environment", "selector", "count", "slots"];

/**
 * The one request that every try sends. Throws a TypeError if a length of time is none, there is no such option, or a value is not of its
 * type: no server has to be asked for that.
 */
export function requestFor(wanted: Wanted | readonly Wanted[], options: HoldOptions): Request {
  const known: readonly string[] = [...OWN, ...PASSED];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`hold has no option ${JSON.stringify(unknown)}; there are ${known.join(", ")}`);
  // Its letters would be tags.
  if (typeof options.tags === "string") throw new TypeError(`tags: ${JSON.stringify(options.tags)} is no array of texts`);
  if (options.holder !== undefined && typeof options.holder !== "object")
    throw new TypeError(`holder: ${JSON.stringify(options.holder)} is no holder; write { name: … }`);
  const { signal, onWaiting, maxHold, wait, queueTimeout, ticketTtl, claimTimeout, notBefore, notAfter, ...rest } = options;
  const ttl = options.ttl ?? (options.autoClaim ? undefined : "60s");
  const request = {
    requestId: crypto.randomUUID(),
    ...rest,
    holder: describeHolder(process.env, options.holder),
    needs: (Array.isArray(wanted) ? (wanted as readonly Wanted[]) : [wanted as Wanted]).map(needOf),
    ttl: ttl === undefined ? undefined : lengthOf("ttl", ttl),
    ...(maxHold !== undefined && { maxHold: lengthOf("maxHold", maxHold) }),
    ...(wait !== undefined && { wait: waitOf(wait, options.ifBusy) }),
    ...(queueTimeout !== undefined && { queueTimeout: lengthOf("queueTimeout", queueTimeout) }),
    ...(ticketTtl !== undefined && { ticketTtl: lengthOf("ticketTtl", ticketTtl) }),
    ...(claimTimeout !== undefined && { claimTimeout: lengthOf("claimTimeout", claimTimeout) }),
    ...(notBefore !== undefined && { notBefore: timeOf("notBefore", notBefore) }),
    ...(notAfter !== undefined && { notAfter: timeOf("notAfter", notAfter) }),
  };
  try {
    // As the transport would, but it takes a value of another type for trouble with the server.
    toBinary(AcquireRequestSchema, create(AcquireRequestSchema, request));
  } catch (error) {
    throw new TypeError(`this cannot be asked for: ${error instanceof Error ? error.message : error}`);
  }
  return request;
}

function needOf(one: Wanted): Exclude<Wanted, string> {
  if (typeof one === "string") return { environment: one };
  if (typeof one === "object" && one !== null) {
    const unknown = Object.keys(one).find((name) => name !== "$typeName" && !NEEDS.includes(name));
    if (unknown === undefined) return one;
    throw new TypeError(`a need has no field ${JSON.stringify(unknown)}; there are ${NEEDS.join(", ")}`);
  }
  throw new TypeError(`${JSON.stringify(one)} is no environment; give its name, { environment, slots } or { selector, count, slots }`);
}

/** A time as a protobuf Timestamp. Throws a TypeError that names the option. */
function timeOf(option: string, time: Date): Timestamp {
  if (time instanceof Date && !Number.isNaN(time.getTime())) return timestampFromDate(time);
  throw new TypeError(`${option}: ${JSON.stringify(time)} is no time; give a Date`);
}

/** A length as a protobuf Duration. Throws a TypeError that names the option. */
function lengthOf(option: string, length: Length): Duration {
  const text = typeof length === "number" ? `${length}ms` : length;
  const read = parseDuration(text);
  if (read === undefined)
    throw new TypeError(`${option}: ${JSON.stringify(length)} is no length of time; write it like "90s" or "1h30m", or give milliseconds`);
  return durationOf(read);
}

/** The longest that a call stands in line, in ns. */
const LONGEST_WAIT = 60_000_000_000n;

/** `wait` is for who does not queue, and no longer than one call may stand in line. */
function waitOf(wait: Length, ifBusy: IfBusy | undefined): Duration {
  if (ifBusy !== IfBusy.FAIL) throw new TypeError("wait goes with ifBusy: IfBusy.FAIL; to leave the line after a while give queueTimeout");
  const length = lengthOf("wait", wait);
  if (nanoseconds(length) > LONGEST_WAIT)
    throw new TypeError(`wait: ${JSON.stringify(wait)} is more than 60s; to wait longer give queueTimeout, and no ifBusy`);
  return length;
}
