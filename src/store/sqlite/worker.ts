/** The thread that has the database, so that an fsync never stops the event loop of the server. One request at a time, in order. */
import { realpathSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { MediumState } from "../medium.ts";
import { type StoreFailure, StoreUnusable } from "../store.ts";
import { openDatabase } from "./database.ts";
import { failureOf } from "./failure.ts";
import { Guard } from "./guard.ts";
import { LONG_LOG } from "./log.ts";
import { Mark } from "./mark.ts";
import { Place } from "./place.ts";
import { Reserve } from "./reserve.ts";
import { Tables } from "./tables.ts";

/** How often the thread checks that the files are in their place, in milliseconds: an idle server writes nothing that would show it. */
const LOOK_EVERY = 1_000;
/** From how many pages on the log is copied to the database when nothing was written between two looks. */
const LONG_WHEN_IDLE = 100;

/** What the worker does on request. */
export type Operations = Pick<Tables, "load" | "find" | "write" | "probe" | "list" | "past" | "take" | "trim" | "close">;

const WRITES: ReadonlySet<keyof Operations> = new Set(["write", "probe", "trim"]);

/** One call of an operation. */
export interface Request {
  readonly id: number;
  readonly operation: keyof Operations;
  readonly parameters: readonly unknown[];
}

/** A StoreFailure is sent as its reason and its message. */
type Failed = Pick<StoreFailure, "reason" | "message">;

/**
 * The answer to the request of that id, with the state after it. Id 0: whether the store is open. Without an id: a failure that no request
 * has met, or a warning.
 */
export type Answer =
  | { readonly id: number; readonly state: MediumState; readonly result: unknown }
  | { readonly id?: number; readonly state: MediumState; readonly failure: Failed }
  | { readonly id: 0; readonly unusable: string }
  | { readonly warning: string };

/** The open database, and the guard of its writes. */
interface Opened {
  readonly tables: Tables;
  readonly guard: Guard;
}

let dead: StoreFailure | undefined;
let isIdle = true;

function perform({ tables, guard }: Opened, { operation, parameters }: Request): unknown {
  if (dead !== undefined && operation !== "close") throw dead;
  if (operation === "close") guard.close(() => tables.checkpoint());
  if (operation === "probe") return guard.probe(() => tables.probe());
  const work = () => Reflect.apply(tables[operation], tables, parameters);
  return WRITES.has(operation) ? guard.write(work) : work();
}

function answer(opened: Opened, request: Request): Answer {
  const { id } = request;
  try {
    const result = perform(opened, request);
    return { id, state: opened.guard.state, result };
  } catch (error) {
    return { id, ...failed(opened.guard, failureOf(error, "work")) };
  }
}

function failed(guard: Guard, failure: StoreFailure): { readonly state: MediumState; readonly failure: Failed } {
  // Requests that wait must not be carried out any more.
  if (failure.reason === "OUTCOME_UNKNOWN") dead = failure;
  guard.failed(failure);
  return { state: guard.state, failure: { reason: failure.reason, message: failure.message } };
}

/** Copies the log to the database if it has that many pages. SQLite would do so within a commit, which somebody waits for. */
function checkpoint({ tables, guard }: Opened, pages: number): void {
  if (dead !== undefined || guard.state === "lost" || tables.pending() < pages) return;
  try {
    guard.write(() => tables.checkpoint());
  } catch (error) {
    say(failed(guard, failureOf(error, "work")));
  }
}

/** Reads ahead, between requests, what the first request_id would have to wait for. */
function warm({ tables }: Pick<Opened, "tables">): void {
  setImmediate(() => {
    try {
      if (dead === undefined && tables.warm()) warm({ tables });
    } catch {
      // Whoever needs it meets the same failure.
    }
  });
}

function open(file: string): Opened | undefined {
  try {
    const tables = new Tables(openDatabase(file));
    // SQLite follows symbolic links: the log lies beside the real file, and the reserve must be on its disk.
    const real = realpathSync(file);
    const place = new Place(real, () => tables.frames());
    return { tables, guard: new Guard(place, new Reserve(real), new Mark(real, (warning) => say({ warning }))) };
  } catch (error) {
    const unusable = error instanceof StoreUnusable ? error.message : `cannot open the store ${file}: ${String(error)}`;
    say({ id: 0, unusable });
    return undefined;
  }
}

function say(message: Answer): void {
  parentPort?.postMessage(message);
}

const opened = open(String(workerData));
if (opened !== undefined) {
  const { guard } = opened;
  const watch = setInterval(() => {
    const why = guard.look();
    if (why !== undefined) say(failed(guard, why));
    if (isIdle) checkpoint(opened, LONG_WHEN_IDLE);
    isIdle = true;
  }, LOOK_EVERY);
  parentPort?.on("message", (request: Request) => {
    say(answer(opened, request));
    if (request.operation === "close") {
      clearInterval(watch);
      parentPort?.close();
    } else if (WRITES.has(request.operation)) {
      isIdle = false;
      checkpoint(opened, LONG_LOG);
    }
  });
  say({ id: 0, state: guard.state, result: undefined });
  warm(opened);
}
