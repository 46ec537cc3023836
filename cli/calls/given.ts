import { collidingVariables, givenVariables, missingVariables } from "../../clients/ts/src/process/given.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { Failure } from "../exit.ts";
import type { Output } from "../words/output.ts";

/** Has the log hide what a lease gives and is secret; before anything that may show it. */
export function hideSecrets(lease: Lease | undefined, output: Output): void {
  for (const { value, secret } of givenVariables(lease?.environments ?? [])) if (secret) output.mask(value);
}

/**
 * Makes sure that a lease gives all that its environments are to give, and hides what is secret of it in the log. A settings Failure if the
 * server has no value for something: nobody shall begin with an empty password.
 */
export function takeGiven(lease: Lease, output: Output): void {
  hideSecrets(lease, output);
  const colliding = collidingVariables(lease.environments);
  if (colliding.length > 0)
    output.word(`not given, since another value would have the same name: ${colliding.join(", ")}; see docs/cli.md`);
  const missing = missingVariables(lease.environments);
  if (missing.length > 0)
    throw Failure.settings(`the server has no value for ${missing.join(", ")}; its operator has to set it there: docs/operating.md`);
}
