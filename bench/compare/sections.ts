/** What is compared with what. */
import { type Column, rates, times } from "./columns.ts";
import type { Order } from "./load.ts";
import type { PEERS } from "./peers.ts";
import { ratio, type Sample } from "./rounds.ts";
import { figure } from "./table.ts";

/** What load is put on: call-me as it is, with every call sent through connect-es, another checkout's; an empty handler; the peers. */
export type Subject = "direct" | "indirect" | "beside" | "emptyGrpc" | "emptyJson" | keyof typeof PEERS;

/** What this process does by itself. */
export type Floor = "renewals" | "pairs" | "fdatasync";

/** A contestant. `to`: what it is compared with, if not with the section's yardstick. */
export type Row = { readonly name: string; readonly to?: string } & (
  | { readonly floor: Floor }
  | { readonly subject: Subject; readonly order: Omit<Order, "address" | "key" | "prefix"> }
);

type Samples = ReadonlyMap<string, readonly Sample[]>;

export interface Section {
  readonly title: string;
  /** What is done, in a few sentences. */
  readonly text: string;
  readonly yardstick: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What else there is to say of the figures. */
  readonly facts: (samples: Samples) => (string | undefined)[];
}

type Shape = Omit<Extract<Row, { order: unknown }>["order"], "operation">;

const GRPC = { system: "grpc", connections: 8, streams: 16 } as const;
const HTTP = { connections: 64, streams: 1 } as const;
const JSON1 = { system: "json", ...HTTP } as const;
const [EMPTY_GRPC, EMPTY_JSON] = ["an empty handler of node:http2", "an empty handler of node:http"];
const ALONE = "SQLite alone";

/** How fast the disk was meanwhile. */
const SYNC: Row = { name: "fdatasync alone", floor: "fdatasync" };

const EVERYBODY: readonly (readonly [name: string, subject: Subject, shape: Shape])[] = [
  ["call-me, gRPC", "direct", GRPC],
  ["call-me, JSON", "direct", JSON1],
  ["call-me, /maybe", "direct", { system: "maybe", ...HTTP }],
  ["the other call-me, gRPC", "beside", GRPC],
  ["the other call-me, JSON", "beside", JSON1],
  ["call-me through connect-es, gRPC", "indirect", GRPC],
  ["call-me through connect-es, JSON", "indirect", JSON1],
  ["etcd", "etcd", { ...GRPC, system: "etcd" }],
  ["Redis", "redis", { system: "redis", ...HTTP }],
  ["PostgreSQL", "postgres", { system: "postgres", ...HTTP }],
  [EMPTY_GRPC, "emptyGrpc", GRPC],
  [EMPTY_JSON, "emptyJson", JSON1],
];

/** Everybody's row; `change` is for all of them. */
function everybody(operation: Order["operation"], change: Partial<Shape> = {}): Extract<Row, { order: unknown }>[] {
  return EVERYBODY.map(([name, subject, shape]) => ({ name, subject, order: { operation, ...shape, ...change } }));
}

/** A line of so many before one environment. */
function line(who: string, subject: Subject, system: Order["system"], waiters: 1 | 1_000): Row {
  // 32 lines of one, since each rests for a while between its hand-overs; JSON has no streams.
  const shape = waiters === 1 ? { locks: 32, connections: 64, streams: 1 } : { locks: 1, connections: 11, streams: 91 };
  const inLine = `${waiters.toLocaleString("en")} in line`;
  return { name: `${who}, ${inLine}`, to: `etcd, ${inLine}`, subject, order: { operation: "handover", system, ...shape, line: waiters } };
}

/** The middle ratio of a figure to the sum of others'; NaN if somebody was not measured. */
function compared(samples: Samples, name: string, to: readonly string[], pick: (sample: Sample) => number): number {
  const figures = (each: string, round: number) =>
    samples
      .get(each)
      ?.slice(round, round + 1)
      .map(pick)[0] ?? Number.NaN;
  const own = (samples.get(name) ?? []).map(pick);
  return ratio(
    own,
    own.map((_, round) => to.reduce((sum, each) => sum + figures(each, round), 0)),
  );
}

/** A sentence, if there are all of its figures. */
function say(words: TemplateStringsArray, ...figures: readonly number[]): string | undefined {
  return figures.some(Number.isNaN) ? undefined : String.raw({ raw: words }, ...figures.map(figure));
}

const cpu = (sample: Sample) => sample.cpu;
const rate = (sample: Sample) => sample.rate;

/** What is said of rates. */
function rated(samples: Samples): (string | undefined)[] {
  const direct = (protocol: string) => compared(samples, `call-me through connect-es, ${protocol}`, [`call-me, ${protocol}`], cpu);
  const other = (protocol: string, pick: (sample: Sample) => number) =>
    compared(samples, `call-me, ${protocol}`, [`the other call-me, ${protocol}`], pick);
  return [
    say`In the CPU time of one call through connect-es the direct way answers ${direct("gRPC")} over gRPC, ${direct("JSON")} over JSON.`,
    say`Over gRPC it takes ${other("gRPC", cpu)} × the CPU time of the other call-me, at ${other("gRPC", rate)} × its rate.`,
    say`Over JSON it takes ${other("JSON", cpu)} × the CPU time of the other call-me, at ${other("JSON", rate)} × its rate.`,
  ];
}

const PAIR =
  "etcd: Lock and Unlock of its lock service. Redis: SET NX PX, then compare and DEL. PostgreSQL: INSERT, then DELETE of a row. p50 and p99 are the Acquire's.";

export const SECTIONS: Readonly<Record<string, Section>> = {
  renew: {
    title: "Renew",
    text: "Each worker prolongs a lease of its own, on disk before the answer. etcd: Put of 512 bytes, since its KeepAlive is not written down. Redis: compare and PEXPIRE. PostgreSQL: UPDATE of a row.",
    yardstick: "etcd",
    columns: rates("calls", "etcd"),
    rows: [...everybody("renew").filter(({ order }) => order.system !== "maybe"), { name: ALONE, floor: "renewals" }, SYNC],
    facts: rated,
  },
  check: {
    title: "Check",
    text: "Each worker reads who holds an environment. etcd: a linearizable Range. Redis: GET. PostgreSQL: SELECT of a row.",
    yardstick: "etcd",
    columns: rates("calls", "etcd"),
    rows: everybody("check"),
    facts: rated,
  },
  pairs: {
    title: "Acquire and Release",
    text: `The workers take free environments, of 500, and give them back, each step on disk before its answer. ${PAIR}`,
    yardstick: "etcd",
    columns: rates("pairs", "etcd"),
    rows: [...everybody("pairs", { locks: 500 }), { name: ALONE, floor: "pairs" }, SYNC],
    facts: rated,
  },
  alone: {
    title: "One client alone",
    text: `The same, one call after another, with nobody else there. ${PAIR}`,
    yardstick: "etcd",
    columns: rates("pairs", "etcd"),
    rows: [...everybody("pairs", { connections: 1, streams: 1, locks: 500 }), { name: ALONE, floor: "pairs" }, SYNC],
    facts: (samples) => {
      const times = (protocol: string, empty: string) => compared(samples, `call-me, ${protocol}`, [ALONE, empty], ({ p50 }) => p50);
      return [
        say`The p50 of an Acquire is ${times("gRPC", EMPTY_GRPC)} × that of its transaction alone and an empty call together over gRPC, ${times("JSON", EMPTY_JSON)} × over JSON.`,
        ...rated(samples),
      ];
    },
  },
  handover: {
    title: "Hand-over",
    text: "From the sending of a Release to the answer of who is next, while so many stand in line; who was served goes to its end. At Redis and PostgreSQL nobody is told: who waits for such a lock asks again and again.",
    yardstick: "etcd",
    columns: times("etcd"),
    rows: [
      line("call-me, gRPC", "direct", "grpc", 1),
      line("call-me, gRPC", "direct", "grpc", 1_000),
      line("call-me, JSON", "direct", "json", 1),
      line("the other call-me, gRPC", "beside", "grpc", 1),
      line("the other call-me, gRPC", "beside", "grpc", 1_000),
      line("etcd", "etcd", "etcd", 1),
      line("etcd", "etcd", "etcd", 1_000),
      { name: ALONE, floor: "pairs" },
      SYNC,
    ],
    facts: (samples) => {
      const times = (waiters: string) => compared(samples, `call-me, gRPC, ${waiters} in line`, [ALONE], ({ p99 }) => p99);
      return [
        say`Its p99 over gRPC is ${times("1")} × that of one durable commit (SQLite alone), and ${times("1,000")} × with 1,000 in line.`,
      ];
    },
  },
};
