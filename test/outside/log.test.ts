// What becomes of the log is no reason not to serve.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Pipe } from "../cli/plumbing.ts";
import { until } from "../cli/wrapped.ts";
import { BIN } from "../packed.ts";
import { fill } from "../store/disk.ts";
import { directory, smallDisk } from "../store/places.ts";

/** A server whose log goes there, and which answers although it may not be able to tell its address. */
async function serve(log: number): Promise<{ child: ChildProcess; port: number }> {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const store = `sqlite:${path.join(directory(), "call-me.db")}`;
  const env = { PATH: process.env["PATH"], PORT: `${port}`, CALL_ME_STORE: store, CALL_ME_LOG_LEVEL: "debug" };
  const child = spawn(process.execPath, [BIN, "serve"], { env, stdio: ["ignore", "ignore", log] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await until(() => isHealthy(port), 50);
  return { child, port };
}

async function isHealthy(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200;
}

/** Has the server log a line for each of so many connections that begin as HTTP/2 and go on as something else. */
async function complain(port: number, lines: number): Promise<void> {
  for (let line = 0; line < lines; line++) {
    const socket = net.connect(port, "127.0.0.1").on("error", () => {});
    socket.end(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"rubbish".repeat(20)}`).resume();
    await once(socket, "close");
  }
}

async function stops(child: ChildProcess): Promise<void> {
  const end = once(child, "exit");
  child.kill("SIGTERM");
  expect(await end).toEqual([0, null]);
}

test("a log that nobody reads keeps nobody waiting, and tells later how many lines are missing", async () => {
  using pipe = new Pipe();
  const { child, port } = await serve(pipe.end);
  const complaints = () =>
    pipe
      .read()
      .split("\n")
      .filter((line) => line.includes('"level":"debug"')).length;
  await complain(port, 1);
  await pipe.shows(/session failed/);
  const each = complaints();
  await complain(port, 1_500);
  expect(await isHealthy(port)).toBe(true);
  const log = await pipe.shows(/lines of the log were dropped here.*\n/);
  const told = JSON.parse(log.split("\n").find((line) => line.includes("dropped here")) ?? "{}");
  expect(told).toMatchObject({ level: "warn", lines: 1_501 * each - complaints() });
  await stops(child);
  expect(pipe.read()).toContain('"msg":"stopping');
  expect(pipe.altered).toBe(false);
});

test("a server whose log nobody reads from its start on serves, and stops when it is told to", async () => {
  using pipe = Pipe.full();
  const { child } = await serve(pipe.end);
  await stops(child);
});

test("a server whose log has no reader any more goes on", async () => {
  using pipe = new Pipe();
  const { child, port } = await serve(pipe.end);
  pipe.close();
  await complain(port, 3);
  expect(await isHealthy(port)).toBe(true);
  await stops(child);
});

test("a log on a full disk ends nothing, and goes on when there is space again", async (context) => {
  const disk = smallDisk("1m");
  if (disk === undefined) return context.skip("this user may not mount a small disk");
  const free = fill(disk);
  const file = path.join(disk, "call-me.log");
  const log = openSync(file, "a");
  const { child, port } = await serve(log);
  closeSync(log);
  await complain(port, 3);
  expect(await isHealthy(port)).toBe(true);
  free();
  await until(() => readFileSync(file, "utf8").includes("call-me is ready"), 100);
  await stops(child);
  for (const line of readFileSync(file, "utf8").trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
});
