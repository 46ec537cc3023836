/** The one table from what went wrong to what a caller is told: code, reason, and details that stock clients decode. */
import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { withoutSecrets } from "../access/secrets.ts";
import type { Refusal, RefusalReason } from "../core/command.ts";
import { EngineFailure, type EngineFailureReason } from "../engine/failure.ts";
import { StoreFailure, type StoreFailureReason } from "../store/store.ts";

/** The domain of every ErrorInfo. */
const DOMAIN = "call-me";

/** Refusals that only the transport knows of. */
type DoorReason =
  | "BAD_FIELD"
  | "NO_KEY"
  | "WRONG_KEY"
  | "TOKEN_UNCHECKED"
  | "TOKEN_TOO_NARROW"
  | "NOT_ALLOWED"
  | "POOL_NOT_FOUND"
  | "RATE_LIMITED"
  | "MALFORMED"
  | "TOO_LARGE"
  | "UNKNOWN_ENCODING"
  | "INTERNAL";
export type Reason = RefusalReason | EngineFailureReason | StoreFailureReason | DoorReason;

interface Verdict {
  readonly code: Code;
  /** Seconds after which the same call may succeed. */
  readonly retryAfter?: number;
}

/** Code of each reason, and when to try again. */
export const VERDICTS: Record<Reason, Verdict> = {
  BAD_FIELD: { code: Code.InvalidArgument },
  MALFORMED: { code: Code.InvalidArgument },
  POOL_MISMATCH: { code: Code.InvalidArgument },
  STATE_UNTIL_PAST: { code: Code.InvalidArgument },
  TIME_OUT_OF_RANGE: { code: Code.InvalidArgument },
  NO_KEY: { code: Code.Unauthenticated },
  WRONG_KEY: { code: Code.Unauthenticated },
  TOKEN_TOO_NARROW: { code: Code.PermissionDenied },
  NOT_ALLOWED: { code: Code.PermissionDenied },
  NOT_YOURS: { code: Code.PermissionDenied },
  LEASE_NOT_FOUND: { code: Code.NotFound },
  ENVIRONMENT_NOT_FOUND: { code: Code.NotFound },
  POOL_NOT_FOUND: { code: Code.NotFound },
  KEY_NOT_FOUND: { code: Code.NotFound },
  NOTHING_HELD: { code: Code.NotFound },
  NOTHING_DIRTY: { code: Code.NotFound, retryAfter: 5 },
  IDEMPOTENCY_MISMATCH: { code: Code.AlreadyExists },
  SEVERAL_HELD: { code: Code.FailedPrecondition },
  NAME_THE_LEASE: { code: Code.FailedPrecondition },
  UNSATISFIABLE: { code: Code.FailedPrecondition },
  ENVIRONMENT_BUSY: { code: Code.Aborted, retryAfter: 5 },
  LEASE_ENDED: { code: Code.FailedPrecondition },
  KEY_ENDED: { code: Code.FailedPrecondition },
  LAST_ADMIN: { code: Code.FailedPrecondition },
  POOL_FIXED: { code: Code.FailedPrecondition },
  NOT_CLEANABLE: { code: Code.FailedPrecondition },
  ENVIRONMENT_IN_USE: { code: Code.FailedPrecondition },
  QUEUE_FULL: { code: Code.ResourceExhausted, retryAfter: 10 },
  QUOTA_REACHED: { code: Code.ResourceExhausted, retryAfter: 10 },
  LIMIT_REACHED: { code: Code.ResourceExhausted, retryAfter: 10 },
  RATE_LIMITED: { code: Code.ResourceExhausted, retryAfter: 1 },
  TOO_LARGE: { code: Code.ResourceExhausted },
  UNKNOWN_ENCODING: { code: Code.Unimplemented },
  OVERLOADED: { code: Code.ResourceExhausted, retryAfter: 1 },
  CALLER_GONE: { code: Code.Canceled },
  DRAINING: { code: Code.Unavailable, retryAfter: 1 },
  TOKEN_UNCHECKED: { code: Code.Unavailable, retryAfter: 5 },
  STORAGE_FULL: { code: Code.Unavailable, retryAfter: 5 },
  STORAGE_FAILED: { code: Code.Unavailable, retryAfter: 5 },
  STORAGE_LOST: { code: Code.Unavailable, retryAfter: 30 },
  OUTCOME_UNKNOWN: { code: Code.Unavailable, retryAfter: 2 },
  STORE_CLOSED: { code: Code.Unavailable, retryAfter: 2 },
  POOL_BROKEN: { code: Code.Internal },
  INTERNAL: { code: Code.Internal },
};

export interface ErrorFacts {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Path of the field that is wrong, in proto names. */
  readonly field?: string | undefined;
  /** Seconds, instead of what is usual for the reason. */
  readonly retryAfter?: number;
}

/**
 * Bytes, so that no error is larger than the 8 KiB of headers that gRPC's clients for Java and Python take: gRPC sends an error in headers, its
 * message twice (percent-encoded, and within the details), or three times with a field; details are in base64.
 */
const LONGEST = { characters: 600, message: 1_500, metadata: 800, field: 150 } as const;

/** An error for the wire: always an ErrorInfo; a BadRequest when a field is to blame; a RetryInfo when it may be tried again. */
export function failure(reason: Reason, text: string, facts: ErrorFacts = {}): ConnectError {
  const { code, retryAfter = undefined } = { ...VERDICTS[reason], ...(facts.retryAfter !== undefined && { retryAfter: facts.retryAfter }) };
  // Messages quote input and holders' names, which may be long, or a key in the wrong place.
  const message = shorten(withoutSecrets(text), LONGEST.message);
  const metadata = Object.fromEntries(
    Object.entries(facts.metadata ?? {}).map(([key, value]) => [key, shorten(withoutSecrets(value), LONGEST.metadata)]),
  );
  const error = new ConnectError(message, code);
  error.details.push({ desc: ErrorInfoSchema, value: { reason, domain: DOMAIN, metadata } });
  if (facts.field !== undefined) {
    const fieldViolations = [{ field: shorten(withoutSecrets(facts.field), LONGEST.field), description: message, reason }];
    error.details.push({ desc: BadRequestSchema, value: { fieldViolations } });
  }
  if (retryAfter !== undefined) {
    const retryDelay = create(DurationSchema, { seconds: BigInt(retryAfter) });
    error.details.push({ desc: RetryInfoSchema, value: { retryDelay } });
    error.metadata.set("retry-after", `${retryAfter}`);
  }
  return error;
}

/**
 * The beginning of a text, of so many bytes at most, counted percent-encoded. It never ends within a surrogate pair, which no header could
 * carry.
 */
function shorten(text: string, most: number): string {
  let [length, cost] = [0, 0];
  for (const character of text) {
    cost += character < "\x7f" ? 1 : 3 * Buffer.byteLength(character);
    if (cost > most || length >= LONGEST.characters) return `${text.slice(0, length)}…`.toWellFormed();
    length += character.length;
  }
  return text.toWellFormed();
}

/** Bad input: which field, what was wrong with which value, what to give instead. */
export function badField(field: string, message: string): ConnectError {
  return failure("BAD_FIELD", `${field}: ${message}`, { field });
}

/** A refusal of the core, as an error for the wire. */
export function refused(refusal: Refusal): ConnectError {
  return failure(refusal.reason, refusal.message, { metadata: refusal.metadata, field: refusal.field });
}

/** The reason of an error that `failure` made; undefined for any other. */
export function reasonOf(error: unknown): Reason | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  return error.findDetails(ErrorInfoSchema)[0]?.reason as Reason | undefined;
}

/** Anything thrown, as an error for the wire; what nobody foresaw is `internal`, without its text. */
export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const again = thrown instanceof StoreFailure || (thrown instanceof EngineFailure && thrown.reason === "DRAINING");
  if (again) return failure(thrown.reason, `${thrown.message}; retry, with the same request_id if it had one`);
  if (thrown instanceof EngineFailure) return failure(thrown.reason, thrown.message);
  return failure("INTERNAL", "internal error; the server's log has the cause");
}

/** What observers are told of a call that did not fail. */
export const OK = "OK";

/** What they are told of one that threw: gRPC's name of its code. */
export function codeOf(thrown: unknown): string {
  const { code } = toConnectError(thrown);
  return code === Code.Canceled ? "CANCELLED" : Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
