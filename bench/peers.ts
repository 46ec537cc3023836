// What call-me is measured against, on the same machine in the same run.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import Database from "better-sqlite3";
import type { Locker } from "./measure.ts";

/** Commits per second of one row each, in a loop: the most that one lock after another could be made durable with this SQLite. */
export function sqliteCommits(seconds: number): number {
  const directory = mkdtempSync(path.join(os.tmpdir(), "call-me-bench-"));
  const db = new Database(path.join(directory, "bench.db"));
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)");
    const insert = db.prepare("INSERT INTO rows (body) VALUES (?)");
    const body = "x".repeat(500);
    const start = performance.now();
    let commits = 0;
    for (; performance.now() - start < seconds * 1_000; commits++) insert.run(body);
    return commits / ((performance.now() - start) / 1_000);
  } finally {
    db.close();
    rmSync(directory, { recursive: true });
  }
}

const bytes = (id: number) => ({ type: "bytes", id });
const int64 = (id: number) => ({ type: "int64", id });

/** As much of etcd's API as is used here. */
const ETCD = {
  nested: {
    etcdserverpb: {
      nested: {
        LeaseGrantRequest: { fields: { TTL: int64(1) } },
        LeaseGrantResponse: { fields: { ID: int64(2) } },
        RangeRequest: { fields: { key: bytes(1), range_end: bytes(2), count_only: { type: "bool", id: 9 } } },
        RangeResponse: { fields: { count: int64(4) } },
        Lease: { methods: { LeaseGrant: { requestType: "LeaseGrantRequest", responseType: "LeaseGrantResponse" } } },
        KV: { methods: { Range: { requestType: "RangeRequest", responseType: "RangeResponse" } } },
      },
    },
    v3lockpb: {
      nested: {
        LockRequest: { fields: { name: bytes(1), lease: int64(2) } },
        LockResponse: { fields: { key: bytes(2) } },
        UnlockRequest: { fields: { key: bytes(1) } },
        UnlockResponse: { fields: {} },
        Lock: {
          methods: {
            Lock: { requestType: "LockRequest", responseType: "LockResponse" },
            Unlock: { requestType: "UnlockRequest", responseType: "UnlockResponse" },
          },
        },
      },
    },
  },
};

/** An etcd of one member in a fresh directory, and its own lock service over gRPC; undefined where etcd is not installed. */
export async function startEtcd(): Promise<(Locker & AsyncDisposable) | undefined> {
  if (spawnSync("etcd", ["--version"]).status !== 0) return undefined;
  const directory = mkdtempSync(path.join(os.tmpdir(), "call-me-etcd-"));
  const [at, peer] = [await freePort(), await freePort()];
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const addresses = [`--listen-client-urls=${url(at)}`, `--advertise-client-urls=${url(at)}`, `--listen-peer-urls=${url(peer)}`];
  const child = spawn(
    "etcd",
    [`--data-dir=${directory}`, ...addresses, `--initial-advertise-peer-urls=${url(peer)}`, `--initial-cluster=default=${url(peer)}`],
    {
      stdio: "ignore",
    },
  );
  const services = loadPackageDefinition(
    fromJSON(ETCD as Parameters<typeof fromJSON>[0], { keepCase: true, longs: String }),
  ) as unknown as Services;
  const address = [`127.0.0.1:${at}`, credentials.createInsecure()] as const;
  const [leases, locks, keys] = [
    new services.etcdserverpb.Lease(...address),
    new services.v3lockpb.Lock(...address),
    new services.etcdserverpb.KV(...address),
  ];
  await new Promise<void>((resolve, reject) => leases.waitForReady(Date.now() + 20_000, (error) => (error ? reject(error) : resolve())));
  const grant = async () => (await ask<{ ID: string }>(leases, "LeaseGrant", { TTL: 3_600 })).ID;
  // Who waits must be another session than who holds.
  const sessions = new Map<string, string[]>();
  return {
    name: "etcd, gRPC",
    acquire: async (lock) => {
      const [lease = await grant(), ...rest] = sessions.get(lock) ?? [];
      sessions.set(lock, rest);
      const { key } = await ask<{ key: Buffer }>(locks, "Lock", { name: Buffer.from(lock), lease });
      return JSON.stringify([lock, lease, key.toString("latin1")]);
    },
    release: async (held) => {
      const [lock, lease, key] = JSON.parse(held) as [string, string, string];
      await ask(locks, "Unlock", { key: Buffer.from(key, "latin1") });
      sessions.set(lock, [...(sessions.get(lock) ?? []), lease]);
    },
    waiting: async (lock) => {
      const range = { key: Buffer.from(`${lock}/`), range_end: Buffer.from(`${lock}0`), count_only: true };
      return Number((await ask<{ count: string }>(keys, "Range", range)).count) - 1;
    },
    async [Symbol.asyncDispose]() {
      for (const client of [leases, locks, keys]) client.close();
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}

interface Services {
  readonly etcdserverpb: { readonly Lease: ServiceClientConstructor; readonly KV: ServiceClientConstructor };
  readonly v3lockpb: { readonly Lock: ServiceClientConstructor };
}

function ask<T>(client: Client, method: string, message: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = (client as unknown as Record<string, Method<T>>)[method];
    call?.call(client, message, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

type Method<T> = (message: object, done: (error: Error | null, answer: T) => void) => void;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
