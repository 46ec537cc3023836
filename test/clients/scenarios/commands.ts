// A command that a body runs: all that it has started must have ended when somebody else is served, however the hold ends.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { runs, until } from "../../cli/wrapped.ts";
import { leaseIn, seconds } from "../../outside/clients.ts";
import type { Hold, Testee } from "../testee.ts";
import type { Scenarios, World } from "../world.ts";

/** Takes no notice of SIGTERM, and has a child in the background that does neither. `$0` is told who the two are. */
const DEAF = `trap '' TERM; sleep 1000 >/dev/null 2>&1 & echo $$ $! >"$0.part" && mv "$0.part" "$0";`;

interface Running {
  readonly hold: Hold;
  readonly leaseId: string;
  /** The command, and the child that it has in the background. */
  readonly processes: readonly number[];
}

/** A hold whose body runs a script, as soon as that runs. */
async function running(world: World, testee: Testee, script: string): Promise<Running> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-command-"));
  const file = path.join(folder, "processes");
  try {
    const hold = testee.hold([world.environment], { ttl: "10s", run: ["sh", "-c", `${DEAF} ${script}`, file] });
    const { leaseId } = await hold.hears("held");
    await until(() => existsSync(file));
    return { hold, leaseId, processes: readFileSync(file, "utf8").trim().split(" ").map(Number) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Waits in line until the environment is somebody else's, and demands that nothing of the command runs then. */
async function deadWhenServed(world: World, { leaseId, processes }: Running): Promise<void> {
  const request = { environment: world.environment, requestId: `next-${leaseId}`, ttl: seconds(600) };
  let next = leaseIn(await world.clients.locks.acquire({ ...request, wait: seconds(60) }));
  while (next.state === LeaseState.QUEUED) next = leaseIn(await world.clients.locks.acquire({ ...request, wait: seconds(60) }));
  assert.equal(next.state, LeaseState.HELD);
  assert.deepEqual(processes.filter(runs), [], "processes that run beside the next holder");
}

export const commands: Scenarios = {
  "a command: it is told of the lease, and not of the key": async (world) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-command-"));
    const file = path.join(folder, "told");
    const tell = `echo "$CALL_ME_LEASE_ID $CALL_ME_LEASE_TOKEN $CALL_ME_ENVIRONMENT $CALL_ME_FENCING_TOKEN \${CALL_ME_API_KEY-no key}" >"$0"`;
    try {
      const hold = world.testee.hold([world.environment], { run: ["sh", "-c", tell, file] });
      assert.equal(await hold.outcome(), "ok");
      const { leaseId, leaseToken, fencingToken } = await hold.hears("held");
      assert.equal(readFileSync(file, "utf8"), `${leaseId} ${leaseToken} ${world.environment} ${fencingToken} no key\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },

  "a command: what it leaves behind has ended before the lease is given back": async (world) => {
    const command = await running(world, world.testee, "exit 0");
    await deadWhenServed(world, command);
    assert.equal(await command.hold.outcome(), "ok");
  },

  "a command: ended by force, all of it is dead before the next one is served": async (world) => {
    const command = await running(world, world.testee, "wait; wait");
    await world.clients.environments.forceRelease({ leaseId: command.leaseId, reason: "fire drill" });
    await deadWhenServed(world, command);
    assert.equal(await command.hold.outcome(), "lost FORCE_RELEASED");
  },

  "a command: cancelled from outside, all of it is dead before the lease is given back": async (world) => {
    const command = await running(world, world.testee, "wait; wait");
    command.hold.cancel();
    await deadWhenServed(world, command);
    assert.equal(await command.hold.outcome(), "cancelled");
  },

  "a command: SIGTERM ends the holder, and all of the command before the next one is served": async (world) => {
    const testee = world.another({});
    const command = await running(world, testee, "wait; wait");
    testee.signal("SIGTERM");
    await deadWhenServed(world, command);
  },

  "a command: SIGKILL takes the holder, and all of the command with it": async (world) => {
    const testee = world.another({});
    const command = await running(world, testee, "wait; wait");
    await testee.kill();
    await until(() => !command.processes.some(runs));
    await deadWhenServed(world, command);
  },
};
