import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type CancelRequest,
  type EndedBy,
  EndReason,
  EndReasonSchema,
  type Lease,
  LeaseState,
} from "../../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.ts";
import { milliseconds } from "./duration.ts";
import { withoutVariables } from "./environment.ts";

/** The environments are not ours, and nothing of us stands in line: the lease ended before it was held, or the server stored none at all. */
export class NotAcquired extends Error {
  override readonly name = "NotAcquired";
  /** As it was seen last; undefined where nothing was stored. */
  readonly lease: Lease | undefined;
  /** How the lease ended. UNSPECIFIED: there is none, or the server was out of reach when the time was over. */
  readonly endReason: EndReason;
  /**
   * Why in a word: ENVIRONMENT_BUSY, QUEUE_FULL, QUOTA_REACHED or UNSATISFIABLE where the server refused the request, MISSING_VARIABLES where it lacks what
   * the environment should give, else that of `endReason`, such as TIMED_OUT; empty if the server was out of reach.
   */
  readonly reason: string;
  /** Who has what was asked for, in words; empty if nobody was named. */
  readonly holders: string;

  private constructor(why: string, { lease, reason = "", holders = "", cause }: Missed) {
    super(`not acquired: ${why}`, { cause });
    this.lease = lease;
    this.endReason = lease?.endReason ?? EndReason.UNSPECIFIED;
    this.reason = reason;
    this.holders = holders;
  }

  /** Of a lease that ended before it was held, or that is given up with the server out of reach. */
  static ended(lease: Lease, cause?: unknown): NotAcquired {
    const holders = lease.holders.map(({ holder, leaseId }) => holder?.name || `lease ${leaseId}`).join(", ");
    const reason =
      lease.endReason === EndReason.UNSPECIFIED ? "" : (EndReasonSchema.value[lease.endReason]?.localName ?? `${lease.endReason}`);
    return new NotAcquired(ending(lease), { lease, reason, holders, cause });
  }

  /** Of a lease that was granted, and lacks what the server should give with it: nobody is to begin like that. */
  static lacking(lease: Lease, names: readonly string[]): NotAcquired {
    const why = `the server has no value for ${names.join(", ")}; its operator has to set it there`;
    return new NotAcquired(why, { lease: withoutVariables(lease), reason: "MISSING_VARIABLES" });
  }

  /** Of a request that the server refused for good, whatever the code; undefined if the error says anything else. */
  static refused(error: unknown): NotAcquired | undefined {
    const info = infoOf(error);
    if (info === undefined || !REFUSALS.includes(info.reason)) return undefined;
    return new NotAcquired(ConnectError.from(error).rawMessage, {
      reason: info.reason,
      holders: info.metadata["holders"] ?? "",
      cause: error,
    });
  }
}

interface Missed {
  readonly lease?: Lease;
  readonly reason?: string;
  readonly holders?: string;
  readonly cause?: unknown;
}

/** Reasons that end the asking: nothing was stored, and whether to ask again is for people to say. */
const REFUSALS: readonly string[] = ["ENVIRONMENT_BUSY", "QUEUE_FULL", "QUOTA_REACHED", "UNSATISFIABLE"];

/** The lease is over, or is about to be, and the body must have stopped: whatever it did last may have met a successor. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  readonly leaseId: string;
  /** For people. */
  readonly why: string;
  /** UNSPECIFIED: nobody knows yet, since the server is out of reach. */
  readonly endReason: EndReason;

  constructor(leaseId: string, why: string, endReason: EndReason) {
    super(`lease lost: ${why}`);
    this.leaseId = leaseId;
    this.why = why;
    this.endReason = endReason;
  }
}

/** The holder was asked to stop, for a newer request with its supersede_key: the body is cancelled, and the lease kept until it has ended. */
export class CancelRequested extends Error {
  override readonly name = "CancelRequested";
  readonly leaseId: string;
  /** Who asks: the principal, holder and lease of the newer request. */
  readonly by: EndedBy | undefined;
  /** Why, in words. */
  readonly reason: string;
  /** When the lease ends at the latest if it has not been given back; undefined: nobody has said. */
  readonly deadline: Date | undefined;

  constructor(leaseId: string, { by, reason, deadline }: CancelRequest) {
    const who = by?.holder?.name || principalOf(by);
    super(`asked to stop${who ? ` by ${who}` : ""}${reason && `: ${reason}`}`);
    this.leaseId = leaseId;
    this.by = by;
    this.reason = reason;
    this.deadline = deadline && timestampDate(deadline);
  }
}

/** The stable reason that the server gave with an error (google.rpc.ErrorInfo), for example WRONG_KEY; undefined if there is none. */
export function reasonOf(error: unknown): string | undefined {
  return infoOf(error)?.reason;
}

/** How a lease ended, as a person says it: "timed out", "force released by ops: …". */
export function ending({ id, endReason, endNote, endedBy }: Lease): string {
  const name = EndReasonSchema.value[endReason]?.localName ?? `unknown (${endReason})`;
  const why = endReason === EndReason.UNSPECIFIED ? "the server is out of reach" : name.toLowerCase().replaceAll("_", " ");
  const other = endedBy?.leaseId === id ? undefined : endedBy;
  // Of a newer run of one's own, the key says nothing.
  const run = endReason === EndReason.SUPERSEDED ? other?.holder?.runUrl : "";
  const named = other?.holder?.name ? `${other.holder.name} (${run || principalOf(other, ", ")})` : run || principalOf(other);
  return `${why}${named ? ` by ${named}` : ""}${endNote && `: ${endNote}`}`;
}

/** Who the server knows somebody to be: the label, where there is one, and the principal, which nobody else can have. */
function principalOf(one: EndedBy | undefined, between?: ", "): string {
  if (one === undefined || one.principalLabel === "") return one?.principal ?? "";
  return between === undefined ? `${one.principalLabel} (${one.principal})` : `${one.principalLabel}${between}${one.principal}`;
}

/** Codes that say: not now, or nobody knows; whatever reason stands with them. */
const PASSING: readonly Code[] = [Code.Unavailable, Code.DeadlineExceeded, Code.Aborted, Code.Canceled];
/** What connect-es makes of an answer that was cut in the middle; with a reason it is a verdict of the server. */
const BROKEN: readonly Code[] = [Code.Unknown, Code.Internal, Code.DataLoss, Code.InvalidArgument];

/** Whether the same call may succeed later (rule 4 of clients/README.md). Whoever cancels must look at its own signal first. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  const reason = reasonOf(error);
  if (reason !== undefined && REFUSALS.includes(reason)) return false;
  // A limit, or too much to do; without a RetryInfo it is the request itself that is too large.
  if (error.code === Code.ResourceExhausted) return error.findDetails(RetryInfoSchema).length > 0;
  return PASSING.includes(error.code) || (reason === undefined && BROKEN.includes(error.code));
}

/** How long to wait at least before the next try, in ms, where the server counts tries and has said so (RATE_LIMITED); else 0. */
export function delayOf(error: unknown): number {
  if (!(error instanceof ConnectError) || reasonOf(error) !== "RATE_LIMITED") return 0;
  const { retryDelay } = error.findDetails(RetryInfoSchema)[0] ?? {};
  return retryDelay === undefined ? 0 : Math.min(LONGEST_DELAY, milliseconds(retryDelay));
}

/** In ms: whoever is told to stay away for longer looks again after this. */
const LONGEST_DELAY = 30_000;

/** The end of a lease, and a word on it. */
export interface End {
  /** UNSPECIFIED: nobody knows. */
  readonly endReason: EndReason;
  readonly why: string;
  /** It was released with its own token, for example by the body before its last steps. */
  readonly givenBack: boolean;
}

/** What the server says about a lease that cannot be renewed since it has ended, or is unknown. Undefined: it says no such thing. */
export function verdictOf(error: unknown, leaseId: string): End | undefined {
  const info = infoOf(error);
  if (info === undefined || !["LEASE_ENDED", "LEASE_NOT_FOUND"].includes(info.reason)) return undefined;
  const name = info.metadata["end_reason"] ?? "";
  const endReason = name in EndReason ? EndReason[name as keyof typeof EndReason] : EndReason.UNSPECIFIED;
  const { ended_by_lease: by = leaseId } = info.metadata;
  return { endReason, why: ConnectError.from(error).rawMessage, givenBack: endReason === EndReason.RELEASED && by === leaseId };
}

/**
 * What a lease that was HELD with `fencingToken` says of its end; undefined while it is held as it was. In another state, or granted anew, it
 * was taken back in between: others may have been served.
 */
export function endOf(lease: Lease, fencingToken: bigint): End | undefined {
  const { state, endReason, endedBy } = lease;
  if (state === LeaseState.ENDED) {
    const givenBack = endReason === EndReason.RELEASED && (endedBy === undefined || endedBy.leaseId === lease.id);
    return { endReason, why: ending(lease), givenBack };
  }
  if (state === LeaseState.HELD && fencingTokenOf(lease) === fencingToken) return undefined;
  const why = "the server took it back, since it had not heard from us; others may have been served";
  return { endReason: EndReason.UNSPECIFIED, why, givenBack: false };
}

/** The number of its present grant, the same on all its environments; 0 if it has none. */
export function fencingTokenOf({ environments }: Lease): bigint {
  return environments[0]?.fencingToken ?? 0n;
}

function infoOf(error: unknown) {
  return error instanceof ConnectError ? error.findDetails(ErrorInfoSchema)[0] : undefined;
}
