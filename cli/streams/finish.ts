import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { EXIT, Failure } from "../exit.ts";

/**
 * Ends stdout, and waits until all of it is out, however slow its reader is. Rejects with a Failure if it cannot be written, or with the
 * reason of the signal.
 */
export async function finish(stdout: Writable, interruption: AbortSignal): Promise<void> {
  if (!stdout.writableEnded) stdout.end();
  try {
    await finished(stdout, { readable: false, signal: interruption });
  } catch (error) {
    if (stdout.errored === null) throw interruption.aborted ? interruption.reason : error;
    throw new Failure(EXIT.error, `the answer could not be written to stdout (${stdout.errored.message})`);
  }
}
