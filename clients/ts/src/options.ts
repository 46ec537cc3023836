import process from "node:process";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { type AcquireRequest, AcquireRequestSchema, IfBusy } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { HolderSchema, Lease, NeedSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import { describeHolder } from "./ci/holder.ts";
import { durationOf, nanoseconds, parseDuration } from "./duration.ts";

/** A length of time: milliseconds, or a text such as "90s" or "1h30m" (ns, us, ms, s, m, h, d). */
export type Length = number | `${number}${"ns" | "us" | "ms" | "s" | "m" | "h" | "d"}${string}`;

/** An environment by name, for one slot of it, or with the number of slots. */
export type Wanted = string | MessageInitShape<typeof NeedSchema>;

/** How to ask for environments. All but `signal` and `onWaiting` are the fields of AcquireRequest. */
export interface HoldOptions extends Partial<Pick<AcquireRequest, "pool" | "ifBusy" | "priority" | "requestId" | "reason" | "tags">> {
  /** How long the lease outlives its last renewal; 60 s unless given. */
  readonly ttl?: Length;
  /** The longest it can be held; 4 h, or the environment's, unless given. */
  readonly maxHold?: Length;
  /** With `ifBusy: IfBusy.FAIL`: how long to stand in line before that fails, 60 s at most; not at all unless given. */
  readonly wait?: Length;
  /** How long to wait in line; for ever unless given. */
  readonly queueTimeout?: Length;
  readonly ticketTtl?: Length;
  readonly claimTimeout?: Length;
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
const OWN = ["ttl", "maxHold", "wait", "queueTimeout", "ticketTtl", "claimTimeout", "signal", "onWaiting"];
const PASSED = ["pool", "ifBusy", "priority", "requestId", "reason", "tags", "holder"];

/**
 * The one request that every try sends. Throws a TypeError if a length of time is none, there is no such option, or a value is not of its
 * type: no server has to be asked for that.
 */
export function requestFor(wanted: Wanted | readonly Wanted[], options: HoldOptions): Request {
  const unknown = Object.keys(options).find((name) => ![...OWN, ...PASSED].includes(name));
  if (unknown !== undefined)
    throw new TypeError(`hold has no option ${JSON.stringify(unknown)}; there are ${[...OWN, ...PASSED].join(", ")}`);
  // Its letters would be tags.
  if (typeof options.tags === "string") throw new TypeError(`tags: ${JSON.stringify(options.tags)} is no array of texts`);
  if (options.holder !== undefined && typeof options.holder !== "object")
    throw new TypeError(`holder: ${JSON.stringify(options.holder)} is no holder; write { name: … }`);
  const { signal, onWaiting, ttl = "60s", maxHold, wait, queueTimeout, ticketTtl, claimTimeout, ...rest } = options;
  const request = {
    requestId: crypto.randomUUID(),
    ...rest,
    holder: describeHolder(process.env, options.holder),
    needs: (Array.isArray(wanted) ? (wanted as readonly Wanted[]) : [wanted as Wanted]).map(needOf),
    ttl: lengthOf("ttl", ttl),
    ...(maxHold !== undefined && { maxHold: lengthOf("maxHold", maxHold) }),
    ...(wait !== undefined && { wait: waitOf(wait, options.ifBusy) }),
    ...(queueTimeout !== undefined && { queueTimeout: lengthOf("queueTimeout", queueTimeout) }),
    ...(ticketTtl !== undefined && { ticketTtl: lengthOf("ticketTtl", ticketTtl) }),
    ...(claimTimeout !== undefined && { claimTimeout: lengthOf("claimTimeout", claimTimeout) }),
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
  if (typeof one === "object" && one !== null) return one;
  throw new TypeError(`${JSON.stringify(one)} is no environment; give its name, or { environment, slots }`);
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
