// The one stream of this tab: all environments that the caller may see. Closed while nobody looks, opened anew after a cut.
import { computed, effect, signal } from "@preact/signals";
import type { WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { milliseconds } from "../words/time.ts";
import { isUnauthenticated, locks, wordsOf } from "./calls.ts";
import { hearTime, keepTime } from "./clock.ts";
import { forgetRows, keepOnly, put } from "./rows.ts";
import { backoff, pause, seen } from "./seen.ts";
import { caller, meet } from "./session.ts";

/** How it stands with the stream. */
export interface Link {
  readonly live: boolean;
  /** When something was heard last, our time in ms; 0: never. */
  readonly heard: number;
  /** Why it was cut, in the server's words where it has said so. */
  readonly why: string;
}

export const link = signal<Link>({ live: false, heard: 0, why: "" });

/** A server says something every 15 s. Longer than this the connection is dead, whatever it looks like; in ms. */
const SILENCE = 35_000;
/** A stream that was whole for so long, in ms, was a good one: after its end another one is tried at once. */
const SETTLED = 5_000;

const principal = computed(() => caller.value?.principal ?? "");

/** Watches while somebody is signed in and looks, from now on. */
export function keepWatching(): void {
  effect(() => keepTime(seen.value));
  effect(() => {
    void principal.value;
    forgetRows();
  });
  effect(() => {
    if (principal.value === "" || !seen.value) return;
    const ended = new AbortController();
    void follow(ended.signal);
    return () => {
      ended.abort();
      link.value = { ...link.peek(), live: false, why: "" };
    };
  });
}

/** Whom the last stream was opened for: with the next one it is asked whether that is still so, and what they may do. */
let known = "";

async function follow(ended: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!ended.aborted) {
    if (known === principal.peek()) void meet();
    known = principal.peek();
    const told = new Told();
    try {
      await watch(told, ended);
    } catch (error) {
      if (ended.aborted) return;
      link.value = { ...link.peek(), live: false, why: wordsOf(error) };
      if (isUnauthenticated(error)) await meet();
    }
    if (told.since !== undefined && performance.now() - told.since > SETTLED) attempt = 0;
    await pause(backoff(attempt), ended);
    attempt += 1;
  }
}

/** One stream, until it ends; that is always an error. */
async function watch(told: Told, ended: AbortSignal): Promise<void> {
  const silent = new AbortController();
  const wait = () => setTimeout(() => silent.abort(), SILENCE);
  let timer = wait();
  try {
    for await (const message of locks.watchEnvironment({}, { signal: AbortSignal.any([ended, silent.signal]), timeoutMs: 0 })) {
      if (ended.aborted) return;
      clearTimeout(timer);
      timer = wait();
      if (message.time !== undefined) hearTime(milliseconds(message.time));
      told.take(message);
      link.value = { live: told.since !== undefined, heard: Date.now(), why: "" };
    }
    throw new Error("the stream has ended");
  } finally {
    clearTimeout(timer);
  }
}

/** What a stream has told: its snapshot comes in parts, and what is in none of them is gone when the heartbeat behind them comes. */
class Told {
  #names: Set<string> | undefined = new Set();

  /** When all had been told, by performance.now(). */
  since: number | undefined;

  take({ kind, reset, environments }: WatchEnvironmentResponse): void {
    put(environments);
    if (kind === WatchKind.SNAPSHOT && reset) this.#names = new Set();
    for (const { name } of environments) this.#names?.add(name);
    if (kind !== WatchKind.HEARTBEAT || this.#names === undefined) return;
    keepOnly(this.#names);
    this.#names = undefined;
    this.since ??= performance.now();
  }
}
