import { type LoggerOptions, stdTimeFunctions } from "pino";

/** How a line of the log looks: one JSON object, with the level by its name and the time in ISO 8601, UTC. */
export const LOG_FORMAT = {
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
} satisfies LoggerOptions;
