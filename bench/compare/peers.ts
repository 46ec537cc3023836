/** What call-me is measured against: each in a fresh directory, on loopback, and durable before it answers. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { Running } from "./servers.ts";

export interface Peer {
  readonly name: string;
  /** The program that must be on the PATH, and the package of Debian that brings it. */
  readonly program: string;
  readonly debian: string;
  start(): Promise<Running>;
}

export const PEERS = {
  etcd: { name: "etcd", program: "etcd", debian: "etcd-server", start: startEtcd },
  redis: { name: "Redis", program: "redis-server", debian: "redis-server", start: startRedis },
  postgres: { name: "PostgreSQL", program: "postgres", debian: "postgresql", start: startPostgres },
} as const satisfies Readonly<Record<string, Peer>>;

/** One member. */
async function startEtcd(): Promise<Running> {
  const directory = fresh("etcd");
  const [port, peer] = [await freePort(), await freePort()];
  const [clients, peers] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peer}`];
  const child = spawn(
    "etcd",
    [
      `--data-dir=${directory}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      // Every Put is kept: its usual 2 GB would not last.
      `--quota-backend-bytes=${2 ** 33}`,
    ],
    { stdio: "ignore" },
  );
  const isReady = async () => (await fetch(`${clients}/health`).catch(() => undefined))?.ok === true;
  return await running({ child, directory, isReady, address: `127.0.0.1:${port}` });
}

async function startRedis(): Promise<Running> {
  const directory = fresh("redis");
  const port = await freePort();
  const settings = { bind: "127.0.0.1", port, dir: directory, save: "", appendonly: "yes", appendfsync: "always" };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", args, { stdio: "ignore" });
  return await running({ child, directory, isReady: () => accepts(port), address: `127.0.0.1:${port}` });
}

async function startPostgres(): Promise<Running> {
  const directory = fresh("postgres");
  const user = somebody();
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = path.join(directory, "data");
  // Debian has its other programs beside it, and not on the PATH.
  const programs = path.dirname(realpathSync(execFileSync("which", ["postgres"], { encoding: "utf8" }).trim()));
  execFileSync(path.join(programs, "initdb"), ["--pgdata", data, "--username=bench", "--auth=trust"], {
    ...user,
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const port = await freePort();
  const settings = { port, listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: 200 };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn("postgres", ["-D", data, ...args], { ...user, cwd: directory, stdio: "ignore" });
  const asked = [path.join(programs, "pg_isready"), "--quiet", "--host=127.0.0.1", `--port=${port}`] as const;
  const isReady = async () => spawnSync(asked[0], asked.slice(1)).status === 0;
  // Its children end when it does, and SIGQUIT is what it takes for "at once".
  return await running({ child, directory, isReady, address: `postgres://bench@127.0.0.1:${port}/postgres`, end: "SIGQUIT" });
}

/** PostgreSQL refuses to run as root: a user to run it as, there. */
function somebody(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const name = ["postgres", "nobody"].find((each) => isUser(each)) ?? "nobody";
  const id = (option: string) => Number(execFileSync("id", [option, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function isUser(name: string): boolean {
  try {
    execFileSync("id", ["-u", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function fresh(name: string): string {
  return mkdtempSync(path.join(os.tmpdir(), `${name}-`));
}

interface Starting {
  readonly child: ChildProcess;
  readonly directory: string;
  readonly address: string;
  readonly isReady: () => Promise<boolean>;
  /** What ends it at once. */
  readonly end?: NodeJS.Signals;
}

/** Waits until it is ready. It ends with us, however we end. */
async function running({ child, directory, address, isReady, end = "SIGKILL" }: Starting): Promise<Running> {
  const exited = once(child, "exit");
  const kill = () => child.kill(end);
  process.prependOnceListener("exit", kill);
  const dispose = async () => {
    process.off("exit", kill);
    kill();
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const patience = AbortSignal.timeout(30_000);
  while (!(await isReady())) {
    if (child.exitCode === null && !patience.aborted) continue;
    await dispose();
    throw new Error(`${child.spawnargs.join(" ")} did not become ready`);
  }
  return { address, pid: child.pid ?? Number.NaN, [Symbol.asyncDispose]: dispose };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
