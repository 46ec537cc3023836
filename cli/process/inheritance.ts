import { asVariables, givenVariables, withoutGiven } from "../../clients/ts/src/process/given.ts";
import { variablesOf } from "../../clients/ts/src/process/variables.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Settings, Variables } from "../settings.ts";

/** What is call-me's own: the key, and what belongs to our start. */
const OURS = new Set(["CALL_ME_API_KEY", "CALL_ME_ID_TOKEN", "CALL_ME_LAUNCHER", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"]);

/**
 * The environment variables of a command that runs on a lease: ours, without the key, or a token that the pipeline gave us, under any name (a
 * CI system may show one secret under several), and with the lease and what it gives, instead of what another one has given. An API_KEY that was not the key is the command's own.
 */
export function inheritance(
  env: Variables,
  { url, key }: Settings,
  { lease, leaseToken }: { readonly lease: Lease; readonly leaseToken: string },
): Record<string, string> {
  const secrets = [key, env["CALL_ME_ID_TOKEN"]?.trim()].filter(Boolean);
  const kept = Object.entries(withoutGiven(env)).filter((pair): pair is [string, string] => {
    const [name, value] = pair;
    return value !== undefined && !OURS.has(name) && !secrets.includes(value.trim());
  });
  return {
    ...Object.fromEntries(kept),
    CALL_ME_EXEC: "1",
    CALL_ME_URL: url,
    ...asVariables(givenVariables(lease.environments)),
    ...variablesOf(lease, leaseToken),
  };
}
