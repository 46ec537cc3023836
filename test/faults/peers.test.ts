import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, leaseIn } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

/** As much as fits, and nothing that compression could make small. */
const WORDS = randomBytes(380).toString("base64");
const LONG_WINDED = { name: WORDS, runUrl: WORDS, repository: WORDS, ref: WORDS, sha: WORDS, job: WORDS, actor: WORDS };

/** Takes the environment and gives it back, so many times. */
async function takeTurns(locks: Clients["locks"], environment: string, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    const lease = leaseIn(await locks.acquire({ environment, holder: LONG_WINDED, reason: WORDS }));
    expect(lease.state).toBe(LeaseState.HELD);
    await locks.release({ leaseId: lease.id });
  }
}

test("a server without a free file descriptor goes on serving who is there, and takes others again when it has some", async (context) => {
  await using server = await Server.start();
  if (spawnSync("prlimit", ["--pid", `${server.pid}`, "--nofile=64:64"]).status !== 0) {
    console.warn("test/faults: running out of file descriptors was NOT TESTED: prlimit is missing");
    return context.skip();
  }
  const { locks } = clientsOf(server, "gRPC");
  await takeTurns(locks, "uat", 1);
  const crowd: Socket[] = [];
  let closed = 0;
  for (let n = 0; n < 100; n++) {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined).on("close", () => closed++);
    crowd.push(socket);
  }
  await eventually(() => closed > 0 || server.log.some(({ msg }) => msg === "could not accept connections"));
  await takeTurns(locks, "uat", 50);
  for (const socket of crowd) socket.destroy();
  await eventually(async () => (await fetch(`${server.url}/healthz`)).status === 200);
  await takeTurns(clientsOf(server).locks, "uat", 5);
});

test("200 watches that nobody reads hold nobody up, and cost the server a bounded amount of memory", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  await takeTurns(locks, "uat", 20);
  const before = megabytesOf(server.pid);
  const idle = clientsOf(server, "gRPC").locks;
  const stop = new AbortController();
  const watches = Array.from({ length: 200 }, () =>
    idle.watchEnvironment({ environment: "uat" }, { signal: stop.signal })[Symbol.asyncIterator](),
  );
  // On a connection of its own: what the others do not read fills the window of theirs.
  const late = clientsOf(server, "gRPC").locks.watchEnvironment({ environment: "uat" }, { signal: stop.signal })[Symbol.asyncIterator]();
  for (const watch of [...watches, late]) expect(await watch.next()).toMatchObject({ value: { kind: WatchKind.SNAPSHOT } });
  // 300 changes of more than 4 KB: what nobody reads would be 250 MB.
  await takeTurns(locks, "uat", 150);
  expect(megabytesOf(server.pid) - before).toBeLessThan(150);
  // Read at last, a watch comes to the present: with one state for what its reader missed.
  const newest = leaseIn(await locks.acquire({ environment: "uat" })).revision;
  let skipped = false;
  for (let revision = 0n; revision < newest; ) {
    const { value, done } = await late.next();
    if (done) throw new Error("the watch has ended");
    expect(value.revision).toBeGreaterThan(revision);
    revision = value.revision;
    skipped ||= value.skipped;
  }
  expect(skipped).toBe(true);
  stop.abort();
});

function megabytesOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;
}
