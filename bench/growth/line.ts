/** What a turn of a long line costs the server beside one of a short line, and how fast the long one is served. */
import { median } from "../compare/rounds.ts";
import { figure, table } from "../compare/table.ts";
import { Commits } from "./commits.ts";
import { Queue } from "./queue.ts";
import { type House, onServersCore, Room, timed } from "./room.ts";

const SHORT = 10;
const LONG = 10_000;
const TURNS = 200;
const ROUNDS = 5;
/** In how many parts a line is served, and how long the store alone is measured before each, in ms. */
const PARTS = 10;
const ALONE = 400;

/** How many were served in a second, for how many µs of CPU each, and who, in the order of their answers. */
interface Served {
  readonly rate: number;
  readonly cpu: number;
  readonly served: readonly string[];
}

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

  /** The leases that wait, in their order. */
  order(): Promise<string[]> {
    return this.#queue.order();
  }

  /** The next so many are served, by as many at once as there are slots. */
  async serve(count: number): Promise<Served> {
    const before = this.room.busy;
    const served: string[] = [];
    let left = count;
    const holder = async (first: string) => {
      let held = first;
      for (; left-- > 0; served.push(held)) held = await this.#queue.turn(held);
      return held;
    };
    const start = performance.now();
    const held = await Promise.all(this.#held.map(holder));
    const rate = (1_000 * count) / (performance.now() - start);
    this.#held.splice(0, held.length, ...held);
    return { rate, cpu: (this.room.busy - before) / count, served };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue[Symbol.dispose]();
    await this.room[Symbol.asyncDispose]();
  }
}

/** All of a line are served in parts, and the store alone is measured between them: both meet the machine as it is just then. */
async function drained(house: House, row: Row) {
  await using store = await onServersCore(house, () => Commits.open());
  const order = await row.order();
  const parts: (Served & { readonly alone: number })[] = [];
  for (let part = 0; part < PARTS; part++) {
    const alone = await onServersCore(house, () => store.rate(ALONE));
    parts.push({ ...(await row.serve(order.length / PARTS)), alone });
  }
  const served = parts.flatMap((part) => part.served);
  const middle = (pick: (part: (typeof parts)[number]) => number) => median(parts.map(pick));
  return {
    isInOrder: served.every((lease, place) => lease === order[place]),
    rate: middle(({ rate }) => rate),
    cpu: middle(({ cpu }) => cpu),
    alone: middle(({ alone }) => alone),
    ratio: middle(({ rate, alone }) => rate / alone),
  };
}

/** The table, in Markdown. */
export async function line(house: House, say: (progress: string) => void): Promise<string> {
  say("10,000 who wait for one slot");
  await using short = await Row.open(house, 1, SHORT);
  await using long = await Row.open(house, 1, LONG);
  const memory = long.room.memory.now;
  const costs: { readonly short: number; readonly long: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) costs.push({ short: await short.turns(TURNS), long: await long.turns(TURNS) });
  // The first is for the compiler.
  const [, ...counted] = costs;
  const one = await drained(house, long);
  say("10,000 who wait for 100 slots");
  await using wide = await Row.open(house, 100, LONG);
  const hundred = await drained(house, wide);
  return table(
    ["10,000 waiting calls on one environment", ""],
    [
      ["until all stand in line, s", figure(long.filled)],
      ["memory then, MiB", figure(memory)],
      ["a turn (Release, grant, Acquire) with 10 in line, µs of CPU", figure(median(counted.map((cost) => cost.short)))],
      ["the same with 10,000", figure(median(counted.map((cost) => cost.long)))],
      ["ratio", figure(median(counted.map((cost) => cost.long / cost.short)))],
      ["served with 1 slot, a second", figure(one.rate)],
      ["by the store's own commits, one after another, a second", `${figure(one.alone)}: ${figure(one.ratio)} ×`],
      ["in the order of the line", one.isInOrder ? "yes" : "NO"],
      ["µs of CPU each", figure(one.cpu)],
      ["served with 100 slots, a second", figure(hundred.rate)],
      ["µs of CPU each", `${figure(hundred.cpu)}: ${figure(1_000_000 / hundred.cpu)} a second of a core`],
      ["memory at most, MiB", figure(long.room.memory.most)],
    ],
  );
}
