// When the lease ends before the command does.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { aheadOf, ended, leaseOf, ms, Wrapped } from "./wrapped.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent("exec", () => {
  test("a lease that somebody ends stops the command, who learns why", async () => {
    await using wrapped = await Wrapped.start(server, "forced");
    await clients.environments.forceRelease({ leaseId: wrapped.leaseId, reason: "fire drill" });
    expect(await wrapped.end).toEqual({ code: 6, signal: null });
    expect(wrapped.alive).toBe(false);
    expect(wrapped.stderr).toContain("the lease is lost: force released by admin: fire drill");
  });

  test("a ttl of any number of milliseconds can be renewed", async () => {
    await using wrapped = await Wrapped.start(server, "odd-ttl", { script: "reading", options: ["--ttl", "10005ms"] });
    wrapped.closeStdin();
    expect(await wrapped.end, wrapped.stderr).toEqual({ code: 3, signal: null });
  });

  test("a lease that somebody else releases is lost, and stderr says to whom", async () => {
    await using wrapped = await Wrapped.start(server, "released");
    await clients.locks.release({ leaseId: wrapped.leaseId });
    expect(await wrapped.end).toEqual({ code: 6, signal: null });
    expect(wrapped.alive).toBe(false);
    expect(wrapped.stderr).toContain("the lease is lost: released by admin");
  });

  test("of two with the same request_id the second says so, and stops when the first has given the lease back", async () => {
    const options = ["--request-id", "twice"];
    await using first = await Wrapped.start(server, "twice", { script: "reading", options });
    await using second = await Wrapped.start(server, "twice", { options });
    expect(second.leaseId).toBe(first.leaseId);
    expect(first.stderr).not.toContain("request_id");
    expect(second.stderr).toContain("the lease was granted before this call, by the same request_id");
    first.closeStdin();
    expect((await first.end).code).toBe(3);
    expect(await second.end, second.stderr).toEqual({ code: 6, signal: null });
    expect(second.stderr).toContain("the lease is lost: released: exit code 3, by somebody with the same request_id");
  });

  test("a lease that the command gives back early, with its token, stops nothing", async () => {
    await using wrapped = await Wrapped.start(server, "early", { script: "reading" });
    const variables = readFileSync(`/proc/${wrapped.processes[0]}/environ`, "utf8").split("\0");
    const key = variables.find((one) => one.startsWith("CALL_ME_LEASE_TOKEN="))?.slice("CALL_ME_LEASE_TOKEN=".length) ?? "";
    await clientsOf({ url: server.url, key }).locks.release({ leaseId: wrapped.leaseId });
    await wrapped.says("it runs on");
    expect(wrapped.alive).toBe(true);
    wrapped.closeStdin();
    expect((await wrapped.end).code).toBe(3);
  });

  test("where max_hold ends all renewing the command is warned of it, and dead before", async () => {
    await using wrapped = await Wrapped.start(server, "max-hold", { options: ["--ttl", "2s", "--max-hold", "3s"], script: "stubborn" });
    const ahead = await aheadOf(server, wrapped.leaseId);
    const deadAt = await wrapped.dead();
    expect(await wrapped.end).toEqual({ code: 6, signal: null });
    expect(wrapped.stderr).toMatch(/max_hold 3 s is reached in .*\n.*the lease is lost: its max_hold is reached/);
    // It is given back as soon as the command is dead, so only where it would have ended by itself tells whether that was in time.
    const { latestEnd } = await leaseOf(server, wrapped.leaseId);
    expect(ms(latestEnd) + ahead).toBeGreaterThan(deadAt);
  });

  test("a server that restarts is no reason to touch the command", async () => {
    await using other = await Server.start();
    await using wrapped = await Wrapped.start(other, "restart", { script: "reading", options: ["--ttl", "6s"] });
    await other.kill9();
    await wrapped.says("could not be renewed");
    await other.restart();
    await wrapped.says("contact regained");
    wrapped.closeStdin();
    expect((await wrapped.end).code).toBe(3);
    expect((await ended(other, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
  });
});
