import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { finish } from "./plumbing.ts";
import { gone, lease, ScriptedServer } from "./scripted.ts";

const BIN = path.resolve("cli/bin.js");

function start(command: string[], env: Record<string, string> = {}): ChildProcess {
  const [file = "", ...args] = command;
  return spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env } });
}

/** A server with a line that never moves. */
async function stuck() {
  const [waiting, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const released: string[] = [];
  const server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.QUEUED) }),
      async *watchLease(_, { signal }) {
        yield { lease: lease(LeaseState.QUEUED), kind: WatchKind.SNAPSHOT };
        waiting.resolve();
        await gone(signal);
        left.resolve();
      },
      release: ({ leaseId }) => {
        released.push(leaseId);
        return {};
      },
    },
  }).start();
  return { server, waiting: waiting.promise, left: left.promise, released };
}

test("the machine's own node runs it, whatever its age, and gets the exit code", async () => {
  const { code, stdout } = await finish(start(["node", BIN, "--version"]));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await finish(start(["node", BIN, "nonsense"]))).code).toBe(2);
});

test("under the original's names it is the client, or serve", async () => {
  const bin = mkdtempSync(path.join(os.tmpdir(), "call-me-bin-"));
  for (const name of ["call-me-client", "call-me-server"]) symlinkSync(BIN, path.join(bin, name));
  const client = await finish(start(["node", path.join(bin, "call-me-client"), "request", "--help"]));
  expect(client.stdout).toContain("Take one or several environments");
  const server = await finish(start(["node", path.join(bin, "call-me-server"), "--help"]));
  expect(server.stdout).toContain("Run the server in the foreground");
});

test("a granted request ends by itself, with nothing left open", async () => {
  await using server = await new ScriptedServer({ locks: { acquire: () => ({ lease: lease(LeaseState.HELD) }) } }).start();
  const { code, stdout } = await finish(start([process.execPath, BIN, "request", "uat"], { HOST: server.url.replace("http://", "") }));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^acquired slot for environment: uat\nwaited \S+\n$/);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGQUIT", 131],
  ["SIGUSR1", 138],
  ["SIGUSR2", 140],
] as const)("%s gives the place in line up, also through the launcher", async (signal, expected) => {
  const { server, waiting, released } = await stuck();
  await using _ = server;
  const child = start(["node", BIN, "request", "uat"], { CALL_ME_URL: server.url });
  const end = finish(child);
  await waiting;
  child.kill(signal);
  const { code, stdout } = await end;
  expect(code).toBe(expected);
  expect(stdout).toBe("waiting for free slot on environment: uat\n");
  expect(released).toEqual(["L1"]);
});

test("when the launcher is killed the command dies with it", async () => {
  const { server, waiting, left } = await stuck();
  await using _ = server;
  const launcher = start([process.execPath, path.resolve("scripts/launch.js"), BIN, "request", "uat"], { CALL_ME_URL: server.url });
  await waiting;
  launcher.kill("SIGKILL");
  await left;
});

test("a reader that has seen enough ends it quietly", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment(_, { signal }) {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: [{ name: "uat" }] };
        await closed.promise;
        yield { revision: 2n, kind: WatchKind.CHANGE, environments: [{ name: "uat" }] };
        await gone(signal);
      },
    },
  }).start();
  const child = start([process.execPath, BIN, "watch", "uat"], { CALL_ME_URL: server.url });
  child.stdout?.once("data", () => child.stdout?.destroy());
  child.stdout?.once("close", () => closed.resolve());
  const [code] = await once(child, "exit");
  expect(code).toBe(141);
});

test("a watch of everything that was cut off tells what has gone meanwhile, when all parts of the present state have come", async () => {
  let calls = 0;
  const part = (...names: string[]) => ({ kind: WatchKind.SNAPSHOT, environments: names.map((name) => ({ name })) });
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment(request, { signal }) {
        expect(request).toMatchObject({ environment: "", pool: "", sinceRevision: 0n });
        calls++;
        yield part("a", "b");
        if (calls === 1) yield part("c");
        yield { kind: WatchKind.HEARTBEAT };
        if (calls === 1) throw new ConnectError("cut", Code.Unavailable);
        await gone(signal);
      },
    },
  }).start();
  const child = start([process.execPath, BIN, "watch"], { CALL_ME_URL: server.url });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout ?? expect.unreachable() })) {
    lines.push(line.replace(/^\S+ {2}/, ""));
    if (line.includes("is gone")) break;
  }
  child.kill("SIGKILL");
  expect(lines.map((line) => line.slice(0, 3))).toEqual(["a  ", "b  ", "c  ", "a  ", "b  ", "c  "]);
  expect(lines.at(-1)).toBe("c  is gone: deleted, or not one of them any more");
});
