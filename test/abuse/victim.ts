// A process of somebody who uses the server as usual, and reports how long the calls have taken.
import process from "node:process";
import { Caller } from "../../bench/caller.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";

export interface Use {
  readonly url: string;
  readonly key: string;
  readonly seconds: number;
}

/** In ms, each call's. */
export interface Times {
  /** Of Check, which reads; and of Acquire, whose answer waits for the disk. */
  readonly looks: readonly number[];
  readonly grants: readonly number[];
  readonly failed: number;
}

/** Calls go out at this pace, in ms, whether or not those before them were answered. */
const EVERY = { look: 4, grant: 40 };

process.on("message", async ({ url, key, seconds }: Use) => {
  using caller = new Caller({ url, key });
  const looks: number[] = [];
  const grants: number[] = [];
  let failed = 0;
  const timed = async (into: number[], call: () => Promise<unknown>) => {
    const begun = performance.now();
    await call().then(
      () => into.push(performance.now() - begun),
      () => failed++,
    );
  };
  const open: Promise<void>[] = [];
  const begun = performance.now();
  const next = { look: begun, grant: begun };
  const over = AbortSignal.timeout(1_000 * seconds);
  while (!over.aborted) {
    const now = performance.now();
    for (; next.look < now; next.look += EVERY.look)
      open.push(timed(looks, () => caller.call(LockService.method.check, { environment: "used" })));
    for (; next.grant < now; next.grant += EVERY.grant)
      open.push(timed(grants, () => caller.call(LockService.method.acquire, { environment: `own-${open.length}` })));
    await pause();
  }
  await Promise.all(open);
  process.send?.({ looks, grants, failed } satisfies Times);
});

/** Some 2 ms. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    AbortSignal.timeout(2).onabort = () => resolve();
  });
}
