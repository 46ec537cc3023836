/** What a turn of a long line costs the server beside one of a short line, and how fast the long one is served. */
import { median } from "../compare/rounds.ts";
import { figure, table } from "../compare/table.ts";
import { commits } from "./commits.ts";
import { Queue } from "./queue.ts";
import { type House, onServersCore, Room, timed } from "./room.ts";

const SHORT = 10;
const LONG = 10_000;
const TURNS = 200;
const ROUNDS = 5;
/** How long the store alone is measured, in s. */
const SECONDS = 2;

/** A line on a server of its own. */
class Row implements AsyncDisposable {
  readonly room: Room;
  readonly #queue: Queue;
  readonly #held: string[];
  /** How long it took until all stood in it, in s. */
  readonly filled: number;

  private constructor(room: Room, queue: Queue, held: string[], filled: number) {
    this.room = room;
    this.#queue = queue;
    this.#held = held;
    this.filled = filled;
  }

  static async open(house: House, slots: number, length: number): Promise<Row> {
    const room = await Room.open(house);
    const queue = new Queue(room.server, "uat");
    const held = await queue.hold(slots);
    const took = await timed(() => queue.fill(length));
    return new Row(room, queue, held, took / 1_000);
  }

  /** µs of CPU for a Release, the grant that follows, and another one who joins, one after another. */
  async turns(count: number): Promise<number> {
    const before = this.room.busy;
    for (let turn = 0; turn < count; turn++) {
      this.#held.push(await this.#queue.turn(this.#held.shift() ?? ""));
      this.#queue.join();
    }
    return (this.room.busy - before) / count;
  }

  /** All who wait are served, by as many at once as there are slots: how many a second, and whether in their order. */
  async drain(): Promise<{ readonly rate: number; readonly isInOrder: boolean }> {
    const order = await this.#queue.order();
    const served: string[] = [];
    let left = order.length;
    const holder = async (first: string) => {
      for (let held = first; left-- > 0; served.push(held)) held = await this.#queue.turn(held);
    };
    const took = await timed(() => Promise.all(this.#held.map(holder)));
    return { rate: (1_000 * order.length) / took, isInOrder: served.every((lease, place) => lease === order[place]) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue[Symbol.dispose]();
    await this.room[Symbol.asyncDispose]();
  }
}

/** The table, in Markdown. */
export async function line(house: House, say: (progress: string) => void): Promise<string> {
  say("the store alone");
  const yardstick = await onServersCore(house, () => commits(SECONDS));
  say("10,000 who wait for one slot");
  await using short = await Row.open(house, 1, SHORT);
  await using long = await Row.open(house, 1, LONG);
  const memory = long.room.memory.now;
  const costs: { readonly short: number; readonly long: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) costs.push({ short: await short.turns(TURNS), long: await long.turns(TURNS) });
  // The first is for the compiler.
  const [, ...counted] = costs;
  const one = await long.drain();
  say("10,000 who wait for 100 slots");
  await using wide = await Row.open(house, 100, LONG);
  const hundred = await wide.drain();
  const share = (rate: number) => `${figure(rate)} (${figure(rate / yardstick)} ×)`;
  return table(
    ["10,000 waiting calls on one environment", ""],
    [
      ["until all stand in line, s", figure(long.filled)],
      ["memory then, MiB", figure(memory)],
      ["a turn (Release, grant, Acquire) with 10 in line, µs of CPU", figure(median(counted.map((cost) => cost.short)))],
      ["the same with 10,000", figure(median(counted.map((cost) => cost.long)))],
      ["ratio", figure(median(counted.map((cost) => cost.long / cost.short)))],
      ["commits of the store alone, one after another, a second", figure(yardstick)],
      ["served with 1 slot, a second (to these)", share(one.rate)],
      ["in the order of the line", one.isInOrder ? "yes" : "NO"],
      ["served with 100 slots, a second", share(hundred.rate)],
      ["memory at most, MiB", figure(long.room.memory.most)],
    ],
  );
}
