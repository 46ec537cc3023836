import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { canTrace } from "../store/places.ts";

export { canTrace };

/** For the name of a test that needs strace. */
export const untraced: string = canTrace ? "" : " (NOT TESTED: strace is missing, or may not trace)";
if (!canTrace) console.warn(`test/faults:${untraced}`);

/**
 * Meddles with the fsyncs of a running process from now on: `what` is what strace's inject says, for example `error=EIO:when=3`, counted
 * per thread. Resolves when it is in force; disposing ends it.
 */
export function meddleWithSyncs(pid: number, what: string): Promise<AsyncDisposable> {
  return meddle(pid, "fsync,fdatasync", what);
}

/** The same with how a process opens one file. */
export function meddleWithOpens(pid: number, file: string, what: string): Promise<AsyncDisposable> {
  return meddle(pid, "openat", what, ["-P", file]);
}

async function meddle(pid: number, calls: string, what: string, more: readonly string[] = []): Promise<AsyncDisposable> {
  const args = ["-f", "-p", `${pid}`, "-o", "/dev/null", ...more, `-etrace=${calls}`, `-einject=${calls}:${what}`];
  const strace = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(strace, "exit");
  const told: string[] = [];
  for await (const line of createInterface(strace.stderr)) {
    told.push(line);
    if (line.includes("attached")) {
      strace.stderr.resume();
      return {
        async [Symbol.asyncDispose]() {
          strace.kill("SIGINT");
          await exited;
        },
      };
    }
  }
  throw new Error(`strace did not attach: ${told.join("\n")}`);
}
