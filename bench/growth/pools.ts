/** What it costs the server to choose among 10,000 environments by their labels, beside 100, with 1,000 in line by selector. */
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { Caller } from "../caller.ts";
import { median, ratio } from "../compare/rounds.ts";
import { figure, table } from "../compare/table.ts";
import { type House, Room } from "./room.ts";

const { acquire, release, renew } = LockService.method;
const { applyEnvironments } = EnvironmentService.method;

const SIZES = [100, 10_000];
const WAITERS = 1_000;
const KINDS = ["uat", "staging", "board", "gpu", "load"];
const TIMES = 20;
const ROUNDS = 9;
const CHUNK = 250;
/** Who waits has no call open: it must neither be abandoned nor passed over. */
const PATIENCE = { ticketTtl: { seconds: 86_400n }, claimTimeout: { seconds: 3_600n } };
const HOLD = { ttl: { seconds: 86_400n }, maxHold: { seconds: 86_400n } };
const UAT = { needs: [{ selector: "tier=uat" }], ...PATIENCE, ...HOLD };

/** µs of CPU for each. */
const STEPS = ["grant", "release", "hand-over", "join", "apply", "apply waited for"] as const;
type Costs = Record<(typeof STEPS)[number], number>;

/** A fleet of environments of five kinds, all of one of them held, and 1,000 in line for that. */
class Fleet implements AsyncDisposable {
  readonly room: Room;
  readonly #caller: Caller;
  readonly #held: string[] = [];
  readonly #line: string[] = [];
  #asked = 0;
  #applied = 0;

  private constructor(room: Room) {
    this.room = room;
    this.#caller = new Caller(room.server);
  }

  static async open(house: House, count: number): Promise<Fleet> {
    const fleet = new Fleet(await Room.open(house));
    for (let from = 0; from < count; from += CHUNK) {
      const environments = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => fleet.#environment(from + index));
      await fleet.#caller.call(applyEnvironments, { environments });
    }
    for (let index = 0; index < count / KINDS.length; index++) fleet.#held.push(await fleet.#ask());
    for (let index = 0; index < WAITERS; index++) fleet.#line.push(await fleet.#ask());
    return fleet;
  }

  async round(): Promise<Costs> {
    const costs = Object.fromEntries(STEPS.map((step) => [step, 0])) as Costs;
    const measured = async <T>(step: (typeof STEPS)[number], work: () => Promise<T>): Promise<T> => {
      const before = this.room.busy;
      const answer = await work();
      costs[step] += (this.room.busy - before) / TIMES;
      return answer;
    };
    for (let time = 0; time < TIMES; time++) {
      const { lease } = await measured("grant", () => this.#caller.call(acquire, { needs: [{ selector: "tier=staging" }] }));
      await measured("release", () => this.#caller.call(release, { leaseId: lease?.id ?? "" }));
      await measured("hand-over", () => this.#caller.call(release, { leaseId: this.#held.shift() ?? "" }));
      this.#held.push(await this.#claim(this.#line.shift() ?? ""));
      this.#line.push(await measured("join", () => this.#ask()));
      await measured("apply", () => this.#apply(1));
      await measured("apply waited for", () => this.#apply(0));
    }
    return costs;
  }

  async #ask(): Promise<string> {
    const { lease } = await this.#caller.call(acquire, { ...UAT, requestId: `request-${this.#asked++}` });
    return lease?.id ?? "";
  }

  async #claim(leaseId: string): Promise<string> {
    const { lease } = await this.#caller.call(renew, { leaseId });
    if (lease?.state !== LeaseState.HELD) throw new Error(`${leaseId} was to be next, and is not held`);
    return leaseId;
  }

  /** Changes what nobody is served by. */
  async #apply(index: number): Promise<void> {
    const environment = { ...this.#environment(index), description: `change ${this.#applied++}` };
    await this.#caller.call(applyEnvironments, { environments: [environment] });
  }

  #environment(index: number) {
    return { name: `e${index}`, labels: { tier: KINDS[index % KINDS.length] ?? "", region: index % 2 === 0 ? "eu" : "us" } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#caller[Symbol.dispose]();
    await this.room[Symbol.asyncDispose]();
  }
}

/** The table, in Markdown. */
export async function pools(house: House, say: (progress: string) => void): Promise<string> {
  say("1,000 who wait by selector");
  await using stack = new AsyncDisposableStack();
  const fleets: Fleet[] = [];
  for (const size of SIZES) fleets.push(stack.use(await Fleet.open(house, size)));
  const found = fleets.map((): Costs[] => []);
  // The first is for the compiler.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [index, fleet] of fleets.entries()) {
      const costs = await fleet.round();
      if (round > 0) found[index]?.push(costs);
    }
  const rows = STEPS.map((step) => {
    const [small = [], big = []] = found.map((rounds) => rounds.map((costs) => costs[step]));
    return [WORDS[step], figure(median(small)), figure(median(big)), `${figure(ratio(big, small))} ×`];
  });
  return table(["1,000 in line by `tier=uat`, one call after another, µs of CPU", "100 environments", "10,000", ""], rows);
}

const WORDS: Readonly<Record<keyof Costs, string>> = {
  grant: "Acquire by selector, granted at once",
  release: "Release of that",
  "hand-over": "Release of what the first in line waits for, and its grant",
  join: "Acquire by selector, into the line",
  apply: "Apply of an environment that nobody waits for",
  "apply waited for": "Apply of one that all 1,000 could have",
};
