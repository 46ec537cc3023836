// How CI systems end a job, and how a network fails, each played on one `call-me exec` and judged by what the server recorded.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Server } from "../outside/server.ts";
import { Network } from "./network.ts";
import { aheadOf, ended, heldBeyond, leaseOf, Wrapped } from "./wrapped.ts";

/** What a CI system does to a job, and how long it waits for the job's end before it goes on, in ms. */
export interface Step {
  readonly signal: NodeJS.Signals;
  /** The process that it started; that one's group; or all processes that bear the job's mark in their environment. */
  readonly to: "process" | "group" | "marked";
  readonly patience: number;
}

interface Cancel {
  readonly steps: readonly Step[];
  /** What stands between the CI system and us. */
  readonly shell?: boolean;
  /** Whether a signal that can be caught reaches us. */
  readonly heard: boolean;
}

/**
 * actions/runner ProcessInvoker.cs and its orphan clean-up; gitlab-runner's shell and docker executors; Jenkins ProcessTree; buildkite-agent;
 * azure-pipelines-tasks BashV3, whose process the agent's SIGINT ends with SIGTERM; Tekton's entrypoint in a pod that is deleted; what
 * Atlassian's support says of Bitbucket.
 */
export const CANCELS = {
  GitHub: {
    steps: [
      { signal: "SIGINT", to: "process", patience: 7_500 },
      { signal: "SIGTERM", to: "process", patience: 2_500 },
      { signal: "SIGKILL", to: "marked", patience: 5_000 },
    ],
    heard: true,
  },
  // A shell that waits for us passes nothing on; the last step, always made, is the one that reaches us.
  "GitHub, with a shell in between": {
    steps: [
      { signal: "SIGINT", to: "process", patience: 7_500 },
      { signal: "SIGTERM", to: "process", patience: 2_500 },
      { signal: "SIGKILL", to: "marked", patience: 5_000 },
    ],
    shell: true,
    heard: false,
  },
  "GitLab, shell executor": { steps: [{ signal: "SIGKILL", to: "group", patience: 5_000 }], heard: false },
  "GitLab, docker executor": {
    steps: [
      { signal: "SIGTERM", to: "process", patience: 10_000 },
      { signal: "SIGKILL", to: "marked", patience: 5_000 },
    ],
    heard: true,
  },
  Jenkins: {
    steps: [
      { signal: "SIGTERM", to: "marked", patience: 5_000 },
      { signal: "SIGKILL", to: "marked", patience: 5_000 },
    ],
    heard: true,
  },
  Buildkite: {
    steps: [
      { signal: "SIGTERM", to: "group", patience: 10_000 },
      { signal: "SIGKILL", to: "group", patience: 5_000 },
    ],
    heard: true,
  },
  Azure: {
    steps: [
      { signal: "SIGTERM", to: "process", patience: 10_000 },
      { signal: "SIGKILL", to: "marked", patience: 5_000 },
    ],
    heard: true,
  },
  Tekton: {
    steps: [
      { signal: "SIGTERM", to: "group", patience: 30_000 },
      { signal: "SIGKILL", to: "marked", patience: 5_000 },
    ],
    heard: true,
  },
  Bitbucket: { steps: [{ signal: "SIGKILL", to: "marked", patience: 5_000 }], heard: false },
} as const satisfies Record<string, Cancel>;

export type CiSystem = keyof typeof CANCELS;

/** Cancels a job. Every second command takes no notice of signals. `strict`: also judges how long it took until the end was seen. */
export async function cancel(server: Server, system: CiSystem, round: number, strict: boolean): Promise<void> {
  const { steps, heard, shell = false }: Cancel = CANCELS[system];
  const script = round % 2 === 0 ? "obedient" : "stubborn";
  const mark = `CI_JOB_MARK=${randomUUID()}`;
  await using wrapped = await Wrapped.start(server, `cancel-${system}-${round}`.replaceAll(/[ ,]+/g, "-"), {
    script,
    options: ["--ttl", "2s"],
    env: { CI_JOB_MARK: mark.slice("CI_JOB_MARK=".length) },
    launcher: shell ? ["bash", "-c", '"$@"; exit $?', "step", process.execPath] : [process.execPath],
  });
  const end = ended(server, wrapped.leaseId);
  let signalled = Date.now();
  for (const step of steps) {
    if (!heard) signalled = Date.now();
    send(wrapped.pid, mark, step);
    if ((await within(wrapped.end, step.patience)) && heard) break;
  }
  const { reason, seen } = await end;
  expect(wrapped.alive, `${system} ${round}: an orphan when the lease has ended`).toBe(false);
  expect(reason, `${system} ${round}: ${wrapped.stderr}`).toBe(heard ? EndReason.RELEASED : EndReason.EXPIRED);
  // 2 s, or as much more as a command that takes no notice is given; without a word to us ttl + 1 s.
  const bound = heard ? (script === "obedient" ? 2_000 : 5_000) : 3_000;
  if (strict) expect(seen - signalled, `${system} ${round}, ${script}: ms from the signal to the lease's end`).toBeLessThan(bound);
}

/** The network is away for twice the ttl: the command is dead before the server's expiry. */
export async function longPartition(server: Server, round: number): Promise<void> {
  const ttl = 3_000;
  await using network = await Network.start(server.port);
  const script = round % 2 === 0 ? "obedient" : "stubborn";
  const at = { url: network.url, key: server.key };
  await using wrapped = await Wrapped.start(at, `long-partition-${round}`, { script, options: ["--ttl", `${ttl}ms`] });
  const end = ended(server, wrapped.leaseId);
  await lasts(Math.random() * ttl);
  const ahead = await aheadOf(server, wrapped.leaseId);
  const outage = lasts(2 * ttl);
  if (round % 4 < 2) network.silence();
  else network.refuse();
  const deadAt = await wrapped.dead();
  const { reason, at: endedAt } = await end;
  expect(deadAt, `${round}: the command's death, and the server's expiry`).toBeLessThan(endedAt + ahead);
  expect(reason).toBe(EndReason.EXPIRED);
  await outage;
  network.resume();
  expect(await wrapped.end, wrapped.stderr).toEqual({ code: 6, signal: null });
}

/** The network is away for a third of the ttl: the command does not notice. */
export async function shortPartition(server: Server, round: number): Promise<void> {
  const ttl = 6_000;
  await using network = await Network.start(server.port);
  const at = { url: network.url, key: server.key };
  await using wrapped = await Wrapped.start(at, `short-partition-${round}`, { script: "reading", options: ["--ttl", `${ttl}ms`] });
  await lasts(Math.random() * (ttl / 3));
  if (round % 2 === 0) network.silence();
  else network.refuse();
  await lasts(ttl / 3);
  network.resume();
  await heldBeyond(server, wrapped.leaseId, (await leaseOf(server, wrapped.leaseId)).expiresAt?.seconds ?? 0n);
  expect(wrapped.alive, wrapped.stderr).toBe(true);
  wrapped.closeStdin();
  expect(await wrapped.end, wrapped.stderr).toEqual({ code: 3, signal: null });
  expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
}

/** Plays rounds 0 to `count` − 1, so many at a time. Rejects with the first failure, once all have been played. */
export async function inParallel(count: number, width: number, play: (round: number) => Promise<void>): Promise<void> {
  const rounds = Array.from({ length: count }, (_, round) => round).values();
  const lanes = Array.from({ length: width }, async () => {
    const failures: unknown[] = [];
    for (const round of rounds) await play(round).catch((error: unknown) => failures.push(error));
    return failures;
  });
  const failures = (await Promise.all(lanes)).flat();
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${count} failed; the first: ${failures[0]}`);
}

/** Signals a process that a CI system has started, or its group, or whatever bears the mark. */
export function send(pid: number, mark: string, { signal, to }: Step): void {
  const targets = to === "process" ? [pid] : to === "group" ? [-pid] : marked(mark);
  for (const target of targets) {
    try {
      process.kill(target, signal);
    } catch {
      // Gone already.
    }
  }
}

/** The processes whose environment bears a mark: how Jenkins, and GitHub's clean-up, find what a job has started. */
export function marked(mark: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(mark) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Whether it came within so many ms. */
async function within(awaited: Promise<unknown>, patience: number): Promise<boolean> {
  return await Promise.race([awaited.then(() => true), lasts(patience).then(() => false)]);
}

/** How long an outage, or a CI system's patience, lasts: the length itself is what is played here. */
async function lasts(length: number): Promise<void> {
  await once(AbortSignal.timeout(Math.ceil(length)), "abort");
}
