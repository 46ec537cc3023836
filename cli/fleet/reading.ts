/** The thread that reads a fleet file, and then tells where in it something is. */
import { Readable } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { create, toBinary } from "@bufbuild/protobuf";
import { ApplyEnvironmentsRequestSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { FleetDocument } from "./document.ts";
import { fleetIn } from "./environments.ts";
import { type Fault, placed } from "./fault.ts";
import type { Reading } from "./reader.ts";
import { expectFile, readText } from "./source.ts";

const file = String(workerData);

function say(reading: Reading | string): void {
  parentPort?.postMessage(reading);
}

try {
  expectFile(file);
  const document = await FleetDocument.parse(file, await readText(file, Readable.from([])));
  const fleet = fleetIn(document);
  const { environments, pools, leftOut } = fleet;
  parentPort?.on("message", (fault: Fault) => say(placed(document, fleet, fault)));
  say({ request: toBinary(ApplyEnvironmentsRequestSchema, create(ApplyEnvironmentsRequestSchema, { environments, pools })), leftOut });
} catch (error) {
  say({ complaint: error instanceof Error ? error.message : String(error) });
}
