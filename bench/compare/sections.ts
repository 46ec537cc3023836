/** What is compared. */
import type { Order } from "./load.ts";
import type { PEERS } from "./peers.ts";

/** What can be measured: call-me, as it is and with every call sent through connect-es; another checkout's call-me; and the peers. */
export type Subject = "direct" | "indirect" | "beside" | keyof typeof PEERS;

export interface Row {
  readonly name: string;
  readonly subject: Subject;
  readonly order: Omit<Order, "address" | "key" | "prefix">;
}

export interface Section {
  readonly title: string;
  /** What is done, in a sentence or two. */
  readonly text: string;
  /** What is counted, and to whose figure the others are set. */
  readonly unit: string;
  readonly yardstick: string;
  readonly rows: readonly Row[];
}

const GRPC = { system: "grpc", connections: 8, streams: 16 } as const;
const HTTP = { connections: 64, streams: 1 } as const;
const ONE = { connections: 1, streams: 1 } as const;

type Shape = Omit<Row["order"], "operation">;

/** Who takes part in everything. */
const EVERYBODY: readonly (readonly [name: string, subject: Subject, shape: Shape])[] = [
  ["call-me, gRPC", "direct", GRPC],
  ["call-me, JSON", "direct", { system: "json", ...HTTP }],
  ["call-me, /maybe", "direct", { system: "maybe", ...HTTP }],
  ["the other call-me, gRPC", "beside", GRPC],
  ["the other call-me, JSON", "beside", { system: "json", ...HTTP }],
  ["call-me through connect-es, gRPC", "indirect", GRPC],
  ["call-me through connect-es, JSON", "indirect", { system: "json", ...HTTP }],
  ["etcd", "etcd", { ...GRPC, system: "etcd" }],
  ["Redis", "redis", { system: "redis", ...HTTP }],
  ["PostgreSQL", "postgres", { system: "postgres", ...HTTP }],
];

function rows(operation: Order["operation"], change: Partial<Shape> = {}, but: (row: Row) => boolean = () => true): Row[] {
  return EVERYBODY.map(([name, subject, shape]) => ({ name, subject, order: { operation, ...shape, ...change } })).filter(but);
}

export const SECTIONS: Readonly<Record<string, Section>> = {
  renew: {
    title: "Renew",
    text: "Every worker prolongs a lease of its own, on disk before the answer. etcd: Put of 512 bytes, since its KeepAlive is not written down. Redis: compare and PEXPIRE. PostgreSQL: UPDATE of a row.",
    unit: "calls",
    yardstick: "etcd",
    rows: rows("renew", {}, ({ order }) => order.system !== "maybe"),
  },
  check: {
    title: "Check",
    text: "Every worker reads who holds an environment. etcd: a linearizable Range. Redis: GET. PostgreSQL: SELECT of a row.",
    unit: "calls",
    yardstick: "etcd",
    rows: rows("check"),
  },
  pairs: {
    title: "Acquire and Release",
    text: "The workers take free environments, of 500, and give them back, each step on disk before its answer. etcd: Lock and Unlock of its lock service. Redis: SET NX PX, then compare and DEL. PostgreSQL: INSERT, then DELETE of a row. p50 and p99 are the Acquire's.",
    unit: "pairs",
    yardstick: "etcd",
    rows: rows("pairs", { locks: 500 }),
  },
  alone: {
    title: "One client alone",
    text: "The same, with nobody else there. p50 and p99 are the Acquire's.",
    unit: "pairs",
    yardstick: "etcd",
    rows: rows("pairs", { ...ONE, locks: 500 }),
  },
};
