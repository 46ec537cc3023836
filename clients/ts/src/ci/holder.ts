import os from "node:os";
import { type Holder, HolderKind } from "../../../../gen/ts/callme/v1/types_pb.ts";
import { usable } from "../text.ts";
import { currentRun } from "./run.ts";
import type { Variables } from "./systems.ts";

/** All that a holder tells of itself. */
type Described = Omit<Holder, "$typeName" | "$unknown" | "proven">;

/** Who a lease is for: what was said, else CALL_ME_… variables, else what the CI system tells, else user@host. */
export function describeHolder(
  env: Variables,
  said: { readonly [Field in keyof Described]?: Described[Field] | undefined } = {},
): Described {
  const run = currentRun(env);
  const inPipeline = run !== undefined || Boolean(env["CI"]);
  const named =
    run?.repository === undefined || run.number === undefined ? `${user()}@${os.hostname()}` : `${run.repository} #${run.number}`;
  return {
    name: said.name || usable(env["CALL_ME_HOLDER"] ?? "") || usable(named),
    kind: said.kind || (inPipeline ? HolderKind.PIPELINE : HolderKind.HUMAN),
    runUrl: said.runUrl || run?.url || "",
    repository: said.repository || run?.repository || "",
    ref: said.ref || run?.ref || "",
    sha: said.sha || run?.sha || "",
    job: said.job || run?.job || "",
    actor: said.actor || run?.actor || "",
  };
}

function user(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run under a number that no account has.
    return "someone";
  }
}
