import { Code, ConnectError } from "@connectrpc/connect";
import { LeaseLost, NotAcquired, reasonOf, verdictOf } from "../clients/ts/src/errors.ts";
import { TokenError } from "../clients/ts/src/token/error.ts";
import { unheard } from "../clients/ts/src/unheard.ts";
import { EndReason } from "../gen/ts/callme/v1/types_pb.ts";
import { BadRequestSchema } from "../gen/ts/google/rpc/error_details_pb.ts";
import { EXIT, Failure } from "./exit.ts";
import type { Settings } from "./settings.ts";

/** What was named is somebody else's, or the server cannot know that it is ours. */
const NOT_YOURS: readonly string[] = ["NOT_YOURS", "NAME_THE_LEASE", "SEVERAL_HELD"];

/** Turns whatever was thrown into a Failure, by the settings that led to the server. */
export function explain(error: unknown, settings: Settings): Failure {
  const { url, key } = settings;
  if (error instanceof Failure) return error;
  const missed = error instanceof NotAcquired ? error : NotAcquired.refused(error);
  if (missed !== undefined) return new Failure(EXIT.notAcquired, whyMissed(missed));
  if (error instanceof LeaseLost) return new Failure(EXIT.lost, `lease ${error.leaseId} is lost: ${error.why}`);
  if (!(error instanceof ConnectError)) return new Failure(EXIT.error, error instanceof Error ? error.message : String(error));
  if (error instanceof TokenError)
    return error.code === Code.Unavailable ? new Failure(EXIT.error, error.rawMessage) : Failure.settings(error.rawMessage);
  const said = error.rawMessage || Code[error.code];
  const reason = reasonOf(error);
  if (verdictOf(error, "")?.endReason === EndReason.SUPERSEDED) return new Failure(EXIT.superseded, `not acquired: ${said}`);
  if (reason !== undefined && NOT_YOURS.includes(reason))
    return new Failure(EXIT.notYours, reason === "NOT_YOURS" ? `not yours: ${said}` : said);
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      if (key?.startsWith("cml_"))
        return Failure.settings(`${said}: in a command of exec, or with the lease_token alone, set CALL_ME_API_KEY, or give --key-file`);
      if (error.code === Code.PermissionDenied) return Failure.settings(`${showing(settings)} may not do that: ${said}`);
      return Failure.settings(`${url} does not accept ${unaccepted(settings, said)}`);
    case Code.InvalidArgument:
      return Failure.usage([said, ...violations(error)].join("; "));
    case Code.Unavailable:
    case Code.Aborted:
    case Code.DeadlineExceeded:
      return new Failure(EXIT.error, unheard(error, url, "--url") ?? `${url} cannot serve this now: ${said}. Try again later`);
    default:
      return new Failure(EXIT.error, unheard(error, url, "--url") ?? said);
  }
}

/** What we show, to say who we are. */
function showing({ key, tokens, tls }: Settings): string {
  if (key !== undefined) return "this key";
  if (tokens !== undefined) return "this job";
  return tls.cert === undefined ? "this key" : "this certificate";
}

/** What is not accepted of it, and the remedies. */
function unaccepted({ key, tls, advice }: Settings, said: string): string {
  const give = `CALL_ME_API_KEY, or give --key-file${orToken(advice)}`;
  if (key !== undefined || tls.cert === undefined) return `the key: ${said}. Set ${give}`;
  return `the certificate ${tls.cert}; its log says why. Correct CALL_ME_CLIENT_CERT, set ${give}`;
}

/** The other way in. */
export function orToken(advice: string | undefined): string {
  return advice === undefined ? "" : `; or let the job show who it is: ${advice}`;
}

/** Refused by the server, which says who is there; or out of its reach for so long that it makes no sense to wait any more. */
function whyMissed({ reason, message, holders, cause }: NotAcquired): string {
  if (reason === "")
    return `not acquired: the server was out of reach (${ConnectError.from(cause).rawMessage}) when the queue timeout had passed`;
  const told = holders.split(", ").every((name) => message.includes(name));
  return told ? message : `${message}; held by ${holders}`;
}

function violations(error: ConnectError): string[] {
  return error
    .findDetails(BadRequestSchema)
    .flatMap((detail) => detail.fieldViolations)
    .filter(({ description }) => !error.rawMessage.includes(description))
    .map(({ field, description }) => `${field}: ${description}`);
}
