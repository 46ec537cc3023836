/** What an Acquire, a Release and a Check cost the server at a size, beside a server that has next to nothing. */
import path from "node:path";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { Caller } from "../caller.ts";
import { median, ratio } from "../compare/rounds.ts";
import { figure, table } from "../compare/table.ts";
import { Crowd } from "../crowd.ts";
import { addEnded } from "./history.ts";
import { Queue } from "./queue.ts";
import { type House, Room } from "./room.ts";

const { acquire, release, check } = LockService.method;
const { applyEnvironments } = EnvironmentService.method;

/** Environments that are taken and given back, all at once each time, and how often in a round. */
const WORKED = 50;
const TIMES = 20;
const ROUNDS = 9;

/** Brings a size about; what must be closed stays open as long as it is measured. */
type Grow = (room: Room, stack: AsyncDisposableStack) => Promise<void>;

const SIZES: readonly [what: string, grow: Grow][] = [
  ["10,000 environments", environments],
  ["10,000 who wait for one environment", waiters],
  ["10,000 watches of one environment", watches],
  ["1,000,000 ended leases", ended],
];

async function environments({ server }: Room): Promise<void> {
  using caller = new Caller(server);
  for (let from = 0; from < 9_950; from += 250) {
    const names = Array.from({ length: Math.min(250, 9_950 - from) }, (_, index) => ({ name: `e${from + index}` }));
    await caller.call(applyEnvironments, { environments: names });
  }
}

async function waiters({ server }: Room, stack: AsyncDisposableStack): Promise<void> {
  const queue = stack.use(new Queue(server, "crowded"));
  await queue.hold(1);
  await queue.fill(10_000);
}

async function watches({ server }: Room, stack: AsyncDisposableStack): Promise<void> {
  await stack.use(new Crowd()).open(server, { environment: "watched", streams: 10_000, connections: 100 });
}

async function ended(room: Room): Promise<void> {
  {
    using caller = new Caller(room.server);
    const { lease } = await caller.call(acquire, { environment: "past", requestId: "past" });
    await caller.call(release, { leaseId: lease?.id ?? "" });
  }
  // Of the key that the settings name.
  await room.restart("stop", () => addEnded(path.join(room.server.directory, "call-me.db"), 1_000_000, "admin", "past"));
}

/** µs of CPU for each call. */
interface Costs {
  readonly acquire: number;
  readonly release: number;
  readonly check: number;
}

async function round(room: Room, caller: Caller): Promise<Costs> {
  const spent = { acquire: 0, release: 0, check: 0 };
  const measured = async <T>(what: keyof Costs, one: (index: number) => Promise<T>): Promise<T[]> => {
    const before = room.busy;
    const answers = await Promise.all(Array.from({ length: WORKED }, (_, index) => one(index)));
    spent[what] += (room.busy - before) / (WORKED * TIMES);
    return answers;
  };
  for (let time = 0; time < TIMES; time++) {
    const held = await measured("acquire", (index) => caller.call(acquire, { environment: `w${index}` }));
    await measured("check", (index) => caller.call(check, { environment: `w${index}` }));
    await measured("release", (index) => caller.call(release, { leaseId: held[index]?.lease?.id ?? "" }));
  }
  return spent;
}

/** The table, in Markdown. */
export async function calls(house: House, say: (progress: string) => void): Promise<string> {
  const rows: string[][] = [];
  for (const [what, grow] of SIZES) {
    say(what);
    await using stack = new AsyncDisposableStack();
    const [small, big] = [stack.use(await Room.open(house)), stack.use(await Room.open(house))];
    await grow(big, stack);
    const found = new Map<Room, Costs[]>();
    const callers = new Map([small, big].map((room) => [room, stack.use(new Caller(room.server))]));
    // The first is for the compiler.
    for (let turn = 0; turn <= ROUNDS; turn++)
      for (const [room, caller] of callers) {
        const costs = await round(room, caller);
        if (turn > 0) found.set(room, [...(found.get(room) ?? []), costs]);
      }
    const cells = (name: keyof Costs): string => {
      const of = (room: Room) => (found.get(room) ?? []).map((costs) => costs[name]);
      return `${figure(median(of(small)))} → ${figure(median(of(big)))} (${figure(ratio(of(big), of(small)))} ×)`;
    };
    rows.push([what, cells("acquire"), cells("release"), cells("check"), `${figure(small.memory.now)} → ${figure(big.memory.now)}`]);
  }
  return table(["what there is", "Acquire, µs", "Release, µs", "Check, µs", "memory, MiB"], rows);
}
