import { BadSetting } from "./config.ts";
import { StoreFailure, StoreUnusable } from "./store/store.ts";

/** The exit codes of the server, see docs/contract.md; those of the client's commands are in cli/exit.ts. */
export const EXIT = { done: 0, unforeseen: 1, diskFailed: 74, badSettings: 78 } as const;

/** The exit code for an error at the start. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StoreFailure) return EXIT.diskFailed;
  return error instanceof BadSetting || error instanceof StoreUnusable || isAddressError(error) ? EXIT.badSettings : EXIT.unforeseen;
}

function isAddressError(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "EADDRINUSE" || code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND";
}
