// A testee in a CI job that has tokens.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code } from "@connectrpc/connect";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { refusal } from "../cli/scripted.ts";
import { seconds } from "../outside/clients.ts";
import { leaseIn, type ScriptedServer } from "./scripted.ts";
import type { Testee } from "./testee.ts";
import { type Reply, TokenEndpoint } from "./token-endpoint.ts";
import type { World } from "./world.ts";

/** What a server says that lets nobody in. */
export const WRONG = () => refusal(Code.Unauthenticated, "WRONG_KEY", "the key is not known to this server");

/** A hold that begins, and ends well; what opened its Acquire. */
export async function heldBy(testee: Testee, scripted: ScriptedServer): Promise<string | undefined> {
  const hold = testee.hold(["uat"]);
  await hold.hears("held");
  assert.equal(await hold.finish(), "ok");
  return scripted.calls.findLast(({ method }) => method === "Acquire")?.bearer;
}

/** How a hold ends that never begins, and what its error says. */
export async function failsWith(testee: Testee, outcome: string): Promise<string> {
  const hold = testee.hold(["uat"]);
  const { why = "" } = await hold.hears("ended");
  assert.equal(await hold.outcome(), outcome, why);
  return why;
}

/** What plays in a job. */
export interface Play {
  readonly world: World;
  readonly scripted: ScriptedServer;
  readonly endpoint: TokenEndpoint;
  /** A testee in a job of this endpoint. */
  readonly testee: Testee;
}

/** A server whose lease lasts long enough for a busy machine: that is not what is played here. */
export async function lenient(world: World): Promise<ScriptedServer> {
  const { scripted } = await world.scripted();
  const ttl = seconds(60);
  const held = () => leaseIn(LeaseState.HELD, { ttl, ttlRemaining: ttl }, 7n);
  return Object.assign(scripted, { acquire: held, renew: held });
}

/** With an endpoint that replies like that. */
export async function inJob(world: World, replies: readonly Reply[], play: (play: Play) => Promise<void>, env = {}): Promise<void> {
  await using endpoint = await TokenEndpoint.start(...replies);
  const scripted = await lenient(world);
  await play({ world, scripted, endpoint, testee: world.another({ url: scripted.url, key: "" }, { ...endpoint.env, ...env }) });
}

/** With a folder that has a command in it, which keeps what it was called with in `args`, and does as the script says. */
export async function withCommand(
  name: string,
  script: string,
  play: (folder: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-command-"));
  try {
    const file = path.join(folder, name);
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$@" >>"${folder}/args"\n${script}\n`);
    chmodSync(file, 0o755);
    await play(folder, { PATH: `${folder}:${process.env["PATH"]}` });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
