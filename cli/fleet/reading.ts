/** The thread that reads a fleet file, and then tells where in it something is. */
import { statSync } from "node:fs";
import { Readable } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { create, toBinary } from "@bufbuild/protobuf";
import { ApplyEnvironmentsRequestSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { FleetDocument } from "./document.ts";
import { fleetIn } from "./environments.ts";
import { type Fault, placed } from "./fault.ts";
import type { Reading } from "./reader.ts";
import { readText } from "./source.ts";

const file = String(workerData);

function say(reading: Reading | string): void {
  parentPort?.postMessage(reading);
}

/** Whoever opens a pipe that nobody writes to waits for ever, and what a pipe has said is gone when it is to be read again. */
function expectFile(): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
    throw new Error(`${file} is no regular file; it is read again at each SIGHUP`);
}

try {
  expectFile();
  const document = await FleetDocument.parse(file, await readText(file, Readable.from([])));
  const fleet = fleetIn(document);
  const { environments, pools, leftOut } = fleet;
  parentPort?.on("message", (fault: Fault) => say(placed(document, fleet, fault)));
  say({ request: toBinary(ApplyEnvironmentsRequestSchema, create(ApplyEnvironmentsRequestSchema, { environments, pools })), leftOut });
} catch (error) {
  say({ complaint: error instanceof Error ? error.message : String(error) });
}
