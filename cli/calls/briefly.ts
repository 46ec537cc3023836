import { ConnectError } from "@connectrpc/connect";
import { reasonOf } from "../../clients/ts/src/errors.ts";
import type { CheckResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Locks } from "../client.ts";
import { type Listener, tellMisspelt } from "../words/misspelt.ts";
import type { Target } from "./target.ts";

/** How long we ask, in ms: it is a word for people, and nothing waits for it longer. */
const BRIEFLY = 2_000;

/** How these environments are, for a word to people; empty where the server does not say. */
export async function checkBriefly(locks: Locks, targets: readonly Target[]): Promise<CheckResponse[]> {
  return await Promise.all(targets.map((target) => locks.check(target, { timeoutMs: BRIEFLY }))).catch(() => []);
}

/** Says which of these names nobody has configured, for a command that asks for something else about them. */
export async function lookMisspelt(locks: Locks, names: readonly string[], output: Listener): Promise<void> {
  const targets = names.map((environment) => ({ environment }));
  for (const { misspellings } of await checkBriefly(locks, targets)) tellMisspelt(output, misspellings);
}

/** The same of one name, for a command that does not care whether there is such an environment: that there is none is told as well. */
export async function lookUnknown(locks: Locks, environment: string, output: Listener): Promise<void> {
  try {
    const { misspellings } = await locks.check({ environment }, { timeoutMs: BRIEFLY });
    tellMisspelt(output, misspellings);
  } catch (error) {
    if (reasonOf(error) === "ENVIRONMENT_NOT_FOUND") output.word(ConnectError.from(error).rawMessage);
  }
}
