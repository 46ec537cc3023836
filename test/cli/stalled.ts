// How a lease is lost while nobody reads what we say, played on one `call-me exec` and judged by when the server serves the next one.
import { expect } from "vitest";
import { clientsOf, leaseIn } from "../outside/clients.ts";
import type { Server } from "../outside/server.ts";
import { Network } from "./network.ts";
import { Pipe } from "./plumbing.ts";
import { aheadOf, Wrapped } from "./wrapped.ts";

/** Every second stderr has no room from the start; the others are filled by the command itself, which writes there as well. */
function stalled(round: number): { pipe: Pipe; script: "stubborn" | "noisy" } {
  return round % 2 === 0 ? { pipe: Pipe.full(), script: "stubborn" } : { pipe: new Pipe(), script: "noisy" };
}

/** Somebody ends the lease by force: the command is dead before the next holder is served, which lock_delay puts off for 5 s. */
export async function forcedWhileStalled(server: Server, round: number): Promise<void> {
  const { locks, environments } = clientsOf(server);
  const environment = `stalled-forced-${round}`;
  await environments.applyEnvironments({ environments: [{ name: environment, lockDelay: { seconds: 5n } }] });
  const { pipe, script } = stalled(round);
  using _ = pipe;
  await using wrapped = await Wrapped.start(server, environment, { script, stderr: pipe.end });
  const ahead = await aheadOf(server, wrapped.leaseId);
  const next = locks.acquire({ environment, requestId: `next-on-${environment}`, wait: { seconds: 60n } });
  await environments.forceRelease({ leaseId: wrapped.leaseId, reason: "stalled" });
  await deadBefore(next, wrapped, ahead, `forced ${round}`);
}

/** The network is away for longer than the ttl: the command is dead before the next holder is served, 3 s after the expiry. */
export async function cutOffWhileStalled(server: Server, round: number): Promise<void> {
  const { locks, environments } = clientsOf(server);
  const environment = `stalled-cut-off-${round}`;
  await environments.applyEnvironments({ environments: [{ name: environment, lockDelay: { seconds: 3n } }] });
  await using network = await Network.start(server.port);
  const { pipe, script } = stalled(round);
  using _ = pipe;
  const at = { url: network.url, key: server.key };
  await using wrapped = await Wrapped.start(at, environment, { script, stderr: pipe.end, options: ["--ttl", "4s"] });
  const ahead = await aheadOf(server, wrapped.leaseId);
  const next = locks.acquire({ environment, requestId: `next-on-${environment}`, wait: { seconds: 60n } });
  if (round % 4 < 2) network.silence();
  else network.refuse();
  await deadBefore(next, wrapped, ahead, `cut off ${round}`);
}

/** Waits for both, and for the wrapper's own end, which no reader puts off. */
async function deadBefore(
  next: ReturnType<ReturnType<typeof clientsOf>["locks"]["acquire"]>,
  wrapped: Wrapped,
  ahead: number,
  which: string,
) {
  const [deadAt, answer] = await Promise.all([wrapped.dead(), next]);
  const { seconds = 0n, nanos = 0 } = leaseIn(answer).grantedAt ?? {};
  expect(Number(seconds) * 1_000 + nanos / 1e6 + ahead, `${which}: the next grant, and the command's death`).toBeGreaterThan(deadAt);
  expect(await wrapped.end, which).toEqual({ code: 6, signal: null });
}
