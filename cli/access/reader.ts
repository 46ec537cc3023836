import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Lined } from "./lined.ts";

/** What the thread that reads a file says: what the file holds, or what is wrong with it. */
export type Reading = { readonly root: Lined } | { readonly complaint: string };

/**
 * Reads a regular file of rules, of access or of notices, JSON or YAML, in a thread of its own, since a server must not stand still meanwhile. Rejects with an
 * Error that names file and line.
 */
export async function readRulesFile(file: string): Promise<Lined> {
  const worker = new Worker(new URL("./reading.ts", import.meta.url), { workerData: file, name: "rules" });
  try {
    const [reading] = (await once(worker, "message")) as [Reading];
    if ("complaint" in reading) throw new Error(reading.complaint);
    return reading.root;
  } finally {
    await worker.terminate();
  }
}
