import type { Micros } from "../../src/core/model.ts";
import type { acquireCommand } from "../core/world.ts";
import { Line } from "./line.ts";

/** Somebody who asks for one lease at a time, and what they know of it. */
export interface Client {
  command: ReturnType<typeof acquireCommand> | undefined;
  /** The lease that it was told it has. */
  lease: string | undefined;
  token: number | undefined;
  /** The latest end that it was promised. */
  promised: Micros;
  /** For how long its Acquire waits in line. */
  wait: Micros;
  /** Its Acquires, polls and the stream that it reads. */
  line: Line;
  stream: Line | undefined;
  ended: boolean;
  /** Its calls so far. */
  calls: number;
}

/** A client who has asked for nothing yet. */
export function idle(): Client {
  return {
    command: undefined,
    lease: undefined,
    token: undefined,
    promised: 0,
    wait: 0,
    line: new Line(),
    stream: undefined,
    ended: false,
    calls: 0,
  };
}
