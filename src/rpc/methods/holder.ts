/** Who a lease is for: as its caller says, and as the caller's token proves. */
import { HolderKind, type Holder as HolderMessage } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Proven } from "../../access/oidc/providers.ts";
import type { Holder, HolderKind as Kind } from "../../core/model/lease.ts";
import { choice, text } from "./fields.ts";

const KINDS: Record<HolderKind, Kind> = {
  [HolderKind.UNSPECIFIED]: "PIPELINE",
  [HolderKind.PIPELINE]: "PIPELINE",
  [HolderKind.HUMAN]: "HUMAN",
  [HolderKind.SERVICE]: "SERVICE",
};

/**
 * What is proven stands, whatever was said instead, and is marked. A run is named only where the caller names one: who names none is meant by
 * a release of the environment alone (rule 7).
 */
export function readHolder(holder: HolderMessage | undefined, { runUrl = "", ...others }: Proven = {}): Holder {
  const field = (name: Exclude<keyof Holder, "kind" | "proven">, path: string): string => text(`holder.${path}`, holder?.[name] ?? "");
  const said = {
    name: field("name", "name"),
    kind: choice("holder.kind", holder?.kind ?? HolderKind.UNSPECIFIED, KINDS),
    runUrl: field("runUrl", "run_url"),
    repository: field("repository", "repository"),
    ref: field("ref", "ref"),
    sha: field("sha", "sha"),
    job: field("job", "job"),
    actor: field("actor", "actor"),
  };
  const isRunProven = runUrl !== "" && said.runUrl !== "";
  const proven = [...Object.keys(others), ...(isRunProven ? ["run_url"] : [])];
  return { ...said, ...others, ...(isRunProven && { runUrl }), ...(proven.length > 0 && { proven }) };
}
