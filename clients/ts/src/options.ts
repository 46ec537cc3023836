import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { type AcquireRequest, AcquireRequestSchema, type NeedSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { HolderSchema, Lease } from "../../../gen/ts/callme/v1/types_pb.ts";

/** A length of time: milliseconds, or a text such as "90s" (ms, s, m, h). */
export type Length = number | `${number}${"ms" | "s" | "m" | "h"}`;

/** An environment by name, for one slot of it, or with the number of slots. */
export type Wanted = string | MessageInitShape<typeof NeedSchema>;

/** How to ask for environments. All but `signal` and `onWaiting` are the fields of AcquireRequest. */
export interface HoldOptions extends Partial<Pick<AcquireRequest, "pool" | "ifBusy" | "priority" | "requestId" | "reason" | "tags">> {
  /** How long the lease outlives its last renewal; 60 s unless given. */
  readonly ttl?: Length;
  /** The longest it can be held; 4 h, or the environment's, unless given. */
  readonly maxHold?: Length;
  /** How long to wait in line; for ever unless given. */
  readonly queueTimeout?: Length;
  readonly ticketTtl?: Length;
  readonly claimTimeout?: Length;
  readonly holder?: MessageInitShape<typeof HolderSchema>;
  /** Gives the place in line up, or cancels the body. */
  readonly signal?: AbortSignal;
  /** Called with the lease when it waits, and when its position has changed. */
  readonly onWaiting?: (lease: Lease) => void;
}

/** A request that can be repeated. */
export type Request = MessageInitShape<typeof AcquireRequestSchema> & { readonly requestId: string };

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** The options that are not passed on as they are. */
const OWN = ["ttl", "maxHold", "queueTimeout", "ticketTtl", "claimTimeout", "signal", "onWaiting"];
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
  const { signal, onWaiting, ttl = "60s", maxHold, queueTimeout, ticketTtl, claimTimeout, ...rest } = options;
  const request = {
    requestId: crypto.randomUUID(),
    ...rest,
    needs: (Array.isArray(wanted) ? (wanted as readonly Wanted[]) : [wanted as Wanted]).map(needOf),
    ttl: durationOf("ttl", ttl),
    ...(maxHold !== undefined && { maxHold: durationOf("maxHold", maxHold) }),
    ...(queueTimeout !== undefined && { queueTimeout: durationOf("queueTimeout", queueTimeout) }),
    ...(ticketTtl !== undefined && { ticketTtl: durationOf("ticketTtl", ticketTtl) }),
    ...(claimTimeout !== undefined && { claimTimeout: durationOf("claimTimeout", claimTimeout) }),
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

/** A protobuf Duration in ms; 0 if it is absent. */
export function milliseconds(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1_000 + duration.nanos / 1e6;
}

function durationOf(option: string, length: Length): { seconds: bigint; nanos: number } {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(typeof length === "number" ? `${length}ms` : length) ?? [];
  const size = UNITS[unit];
  if (amount === undefined || size === undefined)
    throw new TypeError(`${option}: ${JSON.stringify(length)} is no length of time; write it like "90s"`);
  const whole = Math.round(Number(amount) * size);
  return { seconds: BigInt(Math.floor(whole / 1_000)), nanos: (whole % 1_000) * 1e6 };
}
