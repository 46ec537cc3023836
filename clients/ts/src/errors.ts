import { Code, ConnectError } from "@connectrpc/connect";
import { EndReason, EndReasonSchema, type Lease } from "../../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.ts";

/** The lease ended before it was held: `lease.endReason` says why. UNSPECIFIED: the server was out of reach when the time was over. */
export class NotAcquired extends Error {
  override readonly name = "NotAcquired";
  readonly lease: Lease;

  constructor(lease: Lease, options?: ErrorOptions) {
    super(`not acquired: ${ending(lease)}`, options);
    this.lease = lease;
  }

  get endReason(): EndReason {
    return this.lease.endReason;
  }
}

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

/** The stable reason that the server gave with an error (google.rpc.ErrorInfo), for example WRONG_KEY; undefined if there is none. */
export function reasonOf(error: unknown): string | undefined {
  return infoOf(error)?.reason;
}

/** How a lease ended, as a person says it: "timed out: …". */
export function ending({ endReason, endNote }: Lease): string {
  const name = EndReasonSchema.value[endReason]?.localName ?? `unknown (${endReason})`;
  const why = endReason === EndReason.UNSPECIFIED ? "the server is out of reach" : name.toLowerCase().replaceAll("_", " ");
  return endNote === "" ? why : `${why}: ${endNote}`;
}

/** Codes that say: not now, or nobody knows; whatever reason stands with them. */
const PASSING: readonly Code[] = [Code.Unavailable, Code.DeadlineExceeded, Code.Aborted, Code.Canceled];
/** What connect-es makes of an answer that was cut in the middle; with a reason it is a verdict of the server. */
const BROKEN: readonly Code[] = [Code.Unknown, Code.Internal, Code.DataLoss, Code.InvalidArgument];

/** Whether the same call may succeed later (rule 4 of clients/README.md). Whoever cancels must look at its own signal first. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  const reason = reasonOf(error);
  if (error.code === Code.ResourceExhausted) return reason === "LIMIT_REACHED";
  return PASSING.includes(error.code) || (reason === undefined && BROKEN.includes(error.code));
}

/** The end of a lease, and a word on it. */
export interface End {
  /** UNSPECIFIED: nobody knows. */
  readonly endReason: EndReason;
  readonly why: string;
}

/** What the server says about a lease that cannot be renewed since it has ended, or is unknown. Undefined: it says no such thing. */
export function verdictOf(error: unknown): End | undefined {
  const info = infoOf(error);
  if (info === undefined || !["LEASE_ENDED", "LEASE_NOT_FOUND"].includes(info.reason)) return undefined;
  const name = info.metadata["end_reason"] ?? "";
  const endReason = name in EndReason ? EndReason[name as keyof typeof EndReason] : EndReason.UNSPECIFIED;
  return { endReason, why: ConnectError.from(error).rawMessage };
}

function infoOf(error: unknown) {
  return error instanceof ConnectError ? error.findDetails(ErrorInfoSchema)[0] : undefined;
}
