import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import { withoutSecrets } from "./access/secrets.ts";

/** Fields by which a caller proves who it is. No line is given one; should an error of a library have it, it is left out. */
const PROOFS = ["authorization", "x-api-key", "cookie", "proxy-authorization"];
const DEPTHS = ["", "*.", "*.*.", "*.*.*.", "*.*.*.*."];

/** How a line of the log looks: one JSON object, with the level by its name and the time in ISO 8601, UTC. */
const LOG_FORMAT = {
  redact: DEPTHS.flatMap((depth) => PROOFS.map((field) => (depth === "" ? `["${field}"]` : `${depth.slice(0, -1)}["${field}"]`))),
  hooks: { streamWrite: withoutSecrets },
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
} satisfies LoggerOptions;

/** Where the log goes: takes each line at once, and neither waits nor throws, whatever becomes of it. What it had to drop it counts. */
export interface LogDestination {
  write(line: string): unknown;
  /** The line about lines that were dropped, with its end: written where they are missing. */
  tellDropped: (lines: number) => string;
}

/** The log into a destination, with all that is of this level or above. */
export function logInto(destination: LogDestination, level: string): Logger {
  const options = { ...LOG_FORMAT, level };
  destination.tellDropped = (lines) => {
    let told = "";
    const write = (line: string) => {
      told = line;
    };
    pino(options, { write }).warn({ lines }, "lines of the log were dropped here: nobody took them in time");
    return told;
  };
  return pino(options, destination);
}
