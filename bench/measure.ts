/** What all contestants can do: take a lock and give it back, each step on disk before it is answered. */
export interface Locker {
  readonly name: string;
  /** Resolves when the caller holds `lock`, with what gives it back; waits in line for it. */
  acquire(lock: string): Promise<string>;
  release(held: string): Promise<void>;
  /** How many wait for `lock`. */
  waiting(lock: string): Promise<number>;
}

/** How often per second `turn` was done by so many clients at once, each one after another. */
export async function rate(clients: number, seconds: number, turn: (client: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1_000;
  let turns = 0;
  const client = async (_: unknown, number: number) => {
    for (; performance.now() < end; turns++) await turn(number);
  };
  await Promise.all(Array.from({ length: clients }, client));
  return turns / ((performance.now() - start) / 1_000);
}

/** Pairs of acquire and release per second, every client on a lock of its own. */
export function pairs(locker: Locker, clients: number, seconds: number): Promise<number> {
  return rate(clients, seconds, async (client) => locker.release(await locker.acquire(`bench-${client}`)));
}

/** From sending a release to the answer of who is next, in ms, along a line of so many waiters. */
export async function handOvers(locker: Locker, waiters: number): Promise<number[]> {
  const lock = "bench-hand-over";
  let held = await locker.acquire(lock);
  const line: Promise<string>[] = [];
  // One by one, so that their order is known.
  for (let waiter = 1; waiter <= waiters; waiter++) {
    line.push(locker.acquire(lock));
    while ((await locker.waiting(lock)) < waiter);
  }
  const latencies: number[] = [];
  for (const next of line) {
    const start = performance.now();
    const released = locker.release(held);
    held = await next;
    latencies.push(performance.now() - start);
    await released;
  }
  await locker.release(held);
  return latencies;
}

/** The value below which a share `q` of the values lies. */
export function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;
}
