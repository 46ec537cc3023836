/** What is said, for the record, of calls that are refused for who asks. */
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import type { Identity } from "../access/identity.ts";
import { keyIdOf } from "../access/key-text.ts";
import { isPlain } from "../access/plain.ts";
import { withoutSecrets } from "../access/secrets.ts";
import { limits } from "../core/limits.ts";
import type { Observed } from "../engine/observer.ts";
import { reasonOf } from "./errors.ts";
import type { Peer } from "./http/door/peer.ts";
import type { Rule } from "./methods/table.ts";

/** The characters of a reason that are kept. */
const LONGEST = 300;

/** What a request names, in any method. */
interface Named {
  readonly environment?: string;
  readonly leaseId?: string;
}

/** Tells of a call that failed, if it was refused for who asked. One that would only have looked is not told of. Keeps nothing of the error. */
export function noteRefusal(observed: Observed, rule: Rule, caller: Identity, error: unknown, { environment, leaseId }: Named = {}): void {
  if (!(error instanceof ConnectError) || error.code !== Code.PermissionDenied || rule.access[0] === "VIEW") return;
  const { metadata = {} } = error.findDetails(ErrorInfoSchema)[0] ?? {};
  const [named, lease] = [word(metadata["environment"] || environment), word(leaseId || metadata["lease_id"])];
  // Behind it stands what to do.
  const [wrong = ""] = error.rawMessage.split("; ", 1);
  const { principal, label, address, claims, lease: own } = caller;
  observed.refused({
    ...{ method: rule.name ?? "", why: wrong.slice(0, LONGEST).toWellFormed() },
    by: {
      principal,
      ...(label !== undefined && { label }),
      ...(address !== undefined && { address }),
      ...(claims && { claims }),
      ...(own && { lease: own }),
    },
    ...(named && { environment: named }),
    ...(lease && { lease }),
  });
}

/** Tells of a call whose caller is nobody, or cannot be known just now; `key`: what it showed, of which no more is kept than whose it claims to be. */
export function noteStranger(observed: Observed, key: string | undefined, { address }: Peer, error: unknown): void {
  const reason = reasonOf(error);
  if (reason === "NO_KEY") observed.unknown({ showed: "nothing", address });
  if (reason !== "WRONG_KEY") return;
  const id = key === undefined ? undefined : keyIdOf(key);
  observed.unknown({ showed: "wrong key", address, ...(id !== undefined && { key: id }) });
}

/** What a request has in place of a name, if it can be one. */
function word(text = ""): string {
  return text.length <= limits.name && isPlain(text) ? withoutSecrets(text) : "";
}
