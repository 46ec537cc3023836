import type { TlsFiles } from "../../clients/ts/src/tls.ts";
import type { Tokens } from "../../clients/ts/src/token/tokens.ts";
import type { Access, Environments, Locks } from "../client.ts";

/** What a check found, in words, and what to do about it. */
export interface Finding {
  readonly verdict: "ok" | "warn" | "fail" | "skip";
  readonly detail: string;
  /** Empty when all is well. */
  readonly remedy: string;
}

/** What is examined. */
export interface Patient {
  readonly url: URL;
  /** For https: the server's authorities, and our own certificate. */
  readonly tls: TlsFiles;
  /** How the server is called, with our key; over HTTP/1.1, as all commands do. */
  readonly locks: Locks;
  readonly environments: Environments;
  readonly access: Access;
  /** What opens the server where no key is set, and how to get it; see Settings. */
  readonly tokens: Tokens | undefined;
  readonly advice: string | undefined;
  /** How long one step may take, in ms. */
  readonly patience: number;
  readonly interruption: AbortSignal;
}

/** One thing to look at. It throws only what it does not expect. */
export type Check = (patient: Patient) => Promise<Finding>;

/** All is well. */
export const ok = (detail: string): Finding => ({ verdict: "ok", detail, remedy: "" });

/** It works, but somebody should look at it. */
export const warn = (detail: string, remedy: string): Finding => ({ verdict: "warn", detail, remedy });

/** It does not work. */
export const fail = (detail: string, remedy: string): Finding => ({ verdict: "fail", detail, remedy });

/** It was not looked at, for this reason. */
export const skip = (why: string): Finding => ({ verdict: "skip", detail: `not checked: ${why}`, remedy: "" });

/** The innermost message of an error: fetch and connect wrap what the system said. */
export function rootOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) return inner.errors.map((one: Error) => one.message).join(", ");
  return inner instanceof Error ? inner.message : String(inner);
}
