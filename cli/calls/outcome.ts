import { isTransient, reasonOf } from "../../clients/ts/src/errors.ts";
import { TokenError } from "../../clients/ts/src/token/error.ts";

/** A call failed, and may have taken effect: to send it again could do it twice. `cause` is its error. */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
}

/** Throws the error of such a call, as OutcomeUnknown where its outcome is; what is known to have changed nothing may be tried again. */
export function unlessUnknown(error: unknown): never {
  throw isUnknown(error) ? new OutcomeUnknown("the answer got lost", { cause: error }) : error;
}

/** Nobody heard a call that was never connected, and a server that gives a reason knows what it did. */
function isUnknown(error: unknown): boolean {
  const reason = reasonOf(error);
  if (reason !== undefined) return reason === "OUTCOME_UNKNOWN";
  return isTransient(error) && !(error instanceof TokenError) && !["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return codeOf(error.cause) || ((error as NodeJS.ErrnoException).code ?? "").toString();
}
