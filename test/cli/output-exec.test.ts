// What becomes of our words costs neither the command nor the lease.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { Pipe } from "./plumbing.ts";
import { inParallel } from "./replay.ts";
import { cutOffWhileStalled, forcedWhileStalled } from "./stalled.ts";
import { ended, leasesOn, Wrapped } from "./wrapped.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

function shell(script: string) {
  const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, CALL_ME: `${process.execPath} ${BIN}` };
  const child = spawn("bash", ["-c", script], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return once(child, "close").then(([code]) => ({ code, stdout, stderr }));
}

describe.concurrent("exec with a stderr that nobody reads", () => {
  test("whose lease is ended by force: the command is dead before the next holder is served", async () => {
    await inParallel(4, 4, (round) => forcedWhileStalled(server, round));
  });

  test("whose network is gone: the command is dead before the next holder is served", async () => {
    await inParallel(4, 4, (round) => cutOffWhileStalled(server, round));
  });

  test("a warning of Node's waits for no reader, and neither does an error that nobody caught: the command dies with us", async () => {
    const plant =
      'process.once("SIGUSR2", () => { process.emitWarning("planted"); setImmediate(() => { throw new Error("planted"); }); });';
    using pipe = Pipe.full();
    const launcher = [process.execPath, "--import", `data:text/javascript,${encodeURIComponent(plant)}`];
    await using wrapped = await Wrapped.start(server, "stalled-error", { script: "stubborn", stderr: pipe.end, launcher });
    wrapped.signal("SIGUSR2");
    expect(await wrapped.end).toEqual({ code: 1, signal: null });
    await wrapped.dead();
  });

  test("a socket that nobody reads is left as it is, and holds up nothing either", async () => {
    const listener = net.createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const launcher = ["bash", "-c", `exec "$@" 2<>/dev/tcp/127.0.0.1/${port}`, "socket", process.execPath];
    await using wrapped = await Wrapped.start(server, "stalled-socket", { script: "noisy", launcher });
    expect(readFileSync(`/proc/${wrapped.pid}/fdinfo/2`, "utf8")).toMatch(/^flags:\t02000002$/m);
    await clients.environments.forceRelease({ leaseId: wrapped.leaseId, reason: "stalled" });
    expect(await wrapped.end).toEqual({ code: 6, signal: null });
    expect(wrapped.alive).toBe(false);
    listener.close();
  });
});

describe.concurrent("exec with a stderr that fails", () => {
  test("on a full disk the command runs to its end, and the lease is given back", async () => {
    const full = openSync("/dev/full", "w");
    await using wrapped = await Wrapped.start(server, "full", { script: "reading", stderr: full });
    closeSync(full);
    wrapped.closeStdin();
    expect(await wrapped.end).toEqual({ code: 3, signal: null });
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
  });

  test("whose reader has gone after the first line, the command runs to its end, and the lease is given back", async () => {
    const { stdout } = await shell("$CALL_ME exec head -- sh -c 'sleep 1; exit 5' 2>&1 | head -1; echo status $PIPESTATUS");
    expect(stdout).toMatch(/^call-me: .*\nstatus 5\n$/);
    expect(await leasesOn(server, "head")).toEqual([]);
  });
});
