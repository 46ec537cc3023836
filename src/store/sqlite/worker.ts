/** The thread that has the database, so that an fsync never stops the event loop of the server. One request at a time, in order. */
import { parentPort, workerData } from "node:worker_threads";
import { type StoreFailure, StoreUnusable } from "../store.ts";
import { openDatabase } from "./database.ts";
import { failureOf } from "./failure.ts";
import { Tables } from "./tables.ts";

/** What the worker does on request. */
export type Operations = Pick<Tables, "load" | "find" | "write" | "list" | "past" | "trim" | "close">;

/** One call of an operation. */
export interface Request {
  readonly id: number;
  readonly operation: keyof Operations;
  readonly parameters: readonly unknown[];
}

/** The answer to the request of that id; id 0: whether the store is open. Errors cross as their two parts. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly unusable: string }
  | { readonly id: number; readonly failure: Pick<StoreFailure, "reason" | "message"> };

let dead: StoreFailure | undefined;

function perform(tables: Tables, { operation, parameters }: Request): unknown {
  if (dead !== undefined && operation !== "close") throw dead;
  return Reflect.apply(tables[operation], tables, parameters);
}

function answer(tables: Tables, request: Request): Answer {
  try {
    return { id: request.id, result: perform(tables, request) };
  } catch (error) {
    const failure = failureOf(error, "work");
    // Requests may be waiting behind this one: none of them may be carried out any more.
    if (failure.reason === "OUTCOME_UNKNOWN") dead = failure;
    return { id: request.id, failure: { reason: failure.reason, message: failure.message } };
  }
}

function open(file: string): Tables | undefined {
  try {
    return new Tables(openDatabase(file));
  } catch (error) {
    const unusable = error instanceof StoreUnusable ? error.message : `cannot open the store ${file}: ${String(error)}`;
    parentPort?.postMessage({ id: 0, unusable } satisfies Answer);
    return undefined;
  }
}

const tables = open(String(workerData));
if (tables !== undefined) {
  parentPort?.on("message", (request: Request) => {
    parentPort?.postMessage(answer(tables, request));
    if (request.operation === "close") parentPort?.close();
  });
  parentPort?.postMessage({ id: 0, result: undefined } satisfies Answer);
}
