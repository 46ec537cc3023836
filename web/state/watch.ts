// The one stream of this tab: all environments that the caller may see. Closed while nobody looks, opened anew after a cut.
import { effect, signal } from "@preact/signals";
import type { WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { milliseconds } from "../words/time.ts";
import { isUnauthenticated, key, locks, wordsOf } from "./calls.ts";
import { hearTime, keepTime } from "./clock.ts";
import { forgetRows, keepOnly, put } from "./rows.ts";
import { caller, refuse } from "./session.ts";

/** How it stands with the stream. */
export interface Link {
  readonly live: boolean;
  /** When something was heard last, our time in ms; 0: never. */
  readonly heard: number;
  /** Why it was cut, in the server's words where it has said so. */
  readonly why: string;
}

export const link = signal<Link>({ live: false, heard: 0, why: "" });

/** A server says something every 15 s. Longer than this the connection is dead, whatever it looks like. */
const SILENCE = 20_000;
/** Between attempts, in ms. */
const PAUSES = [250, 500, 1_000, 2_000, 4_000];

/** Watches while somebody is signed in and looks, from now on. */
export function keepWatching(): void {
  const seen = signal(!document.hidden);
  document.addEventListener("visibilitychange", () => {
    seen.value = !document.hidden;
  });
  effect(() => keepTime(seen.value));
  let principal = "";
  effect(() => {
    const who = caller.value?.principal ?? "";
    if (who !== principal) forgetRows();
    principal = who;
    if (who === "" || !seen.value) return;
    const ended = new AbortController();
    void follow(ended.signal);
    return () => ended.abort();
  });
}

async function follow(ended: AbortSignal): Promise<void> {
  for (let attempt = 0; !ended.aborted; attempt += 1) {
    const before = link.peek().heard;
    const used = key.peek();
    try {
      await watch(ended);
    } catch (error) {
      if (ended.aborted) break;
      if (isUnauthenticated(error)) return refuse(error, used);
      link.value = { ...link.peek(), live: false, why: wordsOf(error) };
    }
    if (link.peek().heard > before) attempt = 0;
    await pause((PAUSES[Math.min(attempt, PAUSES.length - 1)] ?? 0) * (0.5 + Math.random()), ended);
  }
  link.value = { ...link.peek(), live: false, why: "" };
}

/** One stream, until it ends. */
async function watch(ended: AbortSignal): Promise<void> {
  const silent = new AbortController();
  const wait = () => setTimeout(() => silent.abort(), SILENCE);
  let timer = wait();
  const told = new Told();
  try {
    for await (const message of locks.watchEnvironment({}, { signal: AbortSignal.any([ended, silent.signal]) })) {
      clearTimeout(timer);
      timer = wait();
      if (message.time !== undefined) hearTime(milliseconds(message.time));
      told.take(message);
      link.value = { live: told.all, heard: Date.now(), why: "" };
    }
    throw new Error("the stream has ended");
  } finally {
    clearTimeout(timer);
    link.value = { ...link.peek(), live: false };
  }
}

/** What a stream has told: its snapshot comes in parts, and what is in none of them is gone when the heartbeat behind them comes. */
class Told {
  #names: Set<string> | undefined = new Set();

  /** Whether all was told. */
  get all(): boolean {
    return this.#names === undefined;
  }

  take({ kind, reset, environments }: WatchEnvironmentResponse): void {
    put(environments);
    if (kind === WatchKind.SNAPSHOT && reset) this.#names = new Set();
    for (const { name } of environments) this.#names?.add(name);
    if (kind !== WatchKind.HEARTBEAT || this.#names === undefined) return;
    keepOnly(this.#names);
    this.#names = undefined;
  }
}

function pause(length: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, length);
    ended.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
