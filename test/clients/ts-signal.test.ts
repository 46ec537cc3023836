/** A caller may give one signal to every hold of a process: no hold may leave anything on it. */
import { getEventListeners } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, IfBusy } from "../../clients/ts/src/index.ts";
import { Server } from "../outside/server.ts";

let server: Server;
let client: Client;
beforeAll(async () => {
  server = await Server.start();
  client = new Client(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** How much hangs on a signal: listeners, and the weak reference that Node keeps of each signal which AbortSignal.any made of it. */
function burden(signal: AbortSignal): number {
  const symbol = Object.getOwnPropertySymbols(signal).find(({ description }) => description === "kDependantSignals");
  const dependants = symbol && (signal as unknown as Record<symbol, Set<unknown> | undefined>)[symbol];
  return getEventListeners(signal, "abort").length + (dependants?.size ?? 0);
}

test("this test would see what AbortSignal.any leaves behind", () => {
  const { signal } = new AbortController();
  AbortSignal.any([signal]);
  expect(burden(signal)).toBe(1);
});

test("one listener while it holds, and nothing once the body has ended", async () => {
  const { signal } = new AbortController();
  const during = await client.hold("body", { signal }, () => burden(signal));
  expect([during, burden(signal)]).toEqual([1, 0]);
  const failing = client.hold("body", { signal }, () => Promise.reject(new Error("body failed")));
  await expect(failing).rejects.toThrow("body failed");
  expect(burden(signal)).toBe(0);
});

test("nothing once a lease without a body is released", async () => {
  const { signal } = new AbortController();
  {
    await using _ = await client.hold("block", { signal });
    expect(burden(signal)).toBe(1);
  }
  expect(burden(signal)).toBe(0);
});

test("nothing when it was not acquired, refused or lost", async () => {
  const { signal } = new AbortController();
  await using lease = await client.hold("busy");
  await expect(client.hold("busy", { signal, ifBusy: IfBusy.FAIL })).rejects.toMatchObject({ name: "NotAcquired" });
  expect(burden(signal)).toBe(0);
  await expect(client.hold("busy", { signal, queueTimeout: 1 })).rejects.toMatchObject({ name: "NotAcquired" });
  expect(burden(signal)).toBe(0);
  await expect(client.hold("not a name", { signal })).rejects.toMatchObject({ name: "ConnectError" });
  expect(burden(signal)).toBe(0);
  await expect(client.hold("busy", { signal, ttl: "long" as "1s" })).rejects.toThrow(TypeError);
  expect(burden(signal)).toBe(0);
  await lease.release();
  const lost = client.hold("busy", { signal }, async ({ id }, cancelled) => {
    const over = new Promise((_, reject) => cancelled.addEventListener("abort", () => reject(cancelled.reason)));
    await client.environments.forceRelease({ leaseId: id, reason: "test" });
    await over;
  });
  await expect(lost).rejects.toMatchObject({ name: "LeaseLost" });
  expect(burden(signal)).toBe(0);
});

test("nothing when it aborts, in line or in the body", async () => {
  await using _ = await client.hold("taken");
  const inLine = new AbortController();
  const waiting = client.hold("taken", { signal: inLine.signal, onWaiting: () => inLine.abort("enough") });
  await expect(waiting).rejects.toBe("enough");
  expect(burden(inLine.signal)).toBe(0);
  const within = new AbortController();
  const held = client.hold("free", { signal: within.signal }, (_, { reason }) => {
    expect(reason).toBeUndefined();
    within.abort("enough");
    throw within.signal.reason;
  });
  await expect(held).rejects.toBe("enough");
  expect(burden(within.signal)).toBe(0);
});
