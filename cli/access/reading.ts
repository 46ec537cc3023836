/** The thread that reads a file of rules. */
import { Readable } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { FleetDocument } from "../fleet/document.ts";
import { expectFile, readText } from "../fleet/source.ts";
import { linesOf } from "./lined.ts";
import type { Reading } from "./reader.ts";

/** In bytes: what all the rules take that a server admits, generously written. */
const LARGEST = 1024 * 1024;

function say(reading: Reading): void {
  parentPort?.postMessage(reading);
}

try {
  const file = String(workerData);
  expectFile(file);
  say({ root: linesOf(await FleetDocument.parse(file, await readText(file, Readable.from([]), LARGEST))) });
} catch (error) {
  say({ complaint: error instanceof Error ? error.message : String(error) });
}
