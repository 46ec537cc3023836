import type { LeasedEnvironment } from "../../../../gen/ts/callme/v1/types_pb.ts";

/** What is told of a lease. */
interface Named {
  readonly id: string;
  readonly environments: readonly LeasedEnvironment[];
}

/**
 * A lease as environment variables: for a command that runs on it, and for whoever it is handed on to. The token opens this one lease. The
 * slots of an environment have spaces between them; names, and slots in the same order, commas.
 */
export function variablesOf(lease: Named | undefined, token: string): Record<string, string> {
  const { id = "", environments = [] } = lease ?? {};
  return {
    CALL_ME_LEASE_ID: id,
    CALL_ME_LEASE_TOKEN: token,
    CALL_ME_ENVIRONMENT: environments.map(({ name }) => name).join(","),
    CALL_ME_SLOTS: environments.map(({ slotIndexes }) => slotIndexes.join(" ")).join(","),
    CALL_ME_FENCING_TOKEN: `${environments[0]?.fencingToken ?? 0n}`,
  };
}
