import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Fault } from "./fault.ts";

/** What the thread that reads a file says: what the file holds, or what is wrong with it. */
export type Reading = { readonly request: Uint8Array; readonly leftOut: readonly string[] } | { readonly complaint: string };

/** A file that was read, until `close`. */
export interface FleetFile {
  /** An ApplyEnvironmentsRequest, binary. */
  readonly request: Uint8Array;
  /** Keys that say nothing that can be applied. */
  readonly leftOut: readonly string[];
  /** What a server says against it, with file, line and field. */
  explain(fault: Fault): Promise<string>;
  close(): Promise<void>;
}

/**
 * Reads a regular file in a thread of its own: one of 4 MiB takes seconds, in which a server must not stand still. Rejects with an Error that
 * names file, line and field.
 */
export async function readFleetFile(file: string): Promise<FleetFile> {
  const worker = new Worker(new URL("./reading.ts", import.meta.url), { workerData: file, name: "fleet" });
  // Whoever waits for it hears of it; an idle thread that fails ends nobody else.
  worker.on("error", () => {});
  const close = async () => {
    await worker.terminate();
  };
  try {
    const [reading] = (await once(worker, "message")) as [Reading];
    if ("complaint" in reading) throw new Error(reading.complaint);
    const explain = async (fault: Fault) => {
      const told = once(worker, "message");
      worker.postMessage(fault);
      return String((await told)[0]);
    };
    return { ...reading, explain, close };
  } catch (error) {
    await close();
    throw error;
  }
}
