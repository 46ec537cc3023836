// Who has something is told by the label of the key, wherever the principal would be; nobody can be taken for somebody else by it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Clients, clientsOf, leaseIn } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;
let team: Clients;
let label: string;
beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const { key, secret } = await clientsOf(server).access.createKey({ label: "team a", grants: [{ role: Role.USE, patterns: ["*"] }] });
  team = clientsOf({ url: server.url, key: secret });
  label = `team a (key:${key?.id})`;
});
afterAll(() => server[Symbol.asyncDispose]());

const say = async (...args: string[]) => {
  const { stdout, stderr } = await type(args, env);
  return stdout + stderr;
};

describe("who asks without a name", () => {
  test("is called by the label, and the principal beside it, by status, queue, check, history and force-release", async () => {
    const held = leaseIn(await team.locks.acquire({ environment: "plain" }));
    await team.locks.acquire({ environment: "plain", requestId: "waits" });
    for (const verb of ["status", "queue", "check"]) expect(await say(verb, "plain")).toContain(label);
    expect(await say("acquire", "plain", "--fail")).toContain(`held by ${label}`);
    expect(await say("force-release", "--environment", "plain", "--reason", "urgent")).toContain(`lease ${held.id} of ${label}`);
    await eventually(async () => (await say("history", "plain")).includes("force released"));
    expect(await say("history", "plain")).toContain(label);
  });
});

describe("who asks with a name", () => {
  test("is called by it, and whose key it is stands below", async () => {
    const holder = { name: "checkout #7" };
    await team.locks.acquire({ environment: "named", holder });
    await team.locks.acquire({ environment: "named", holder: { name: "checkout #8" }, requestId: "waits, too" });
    expect(await say("status", "named")).toMatch(new RegExp(`checkout #7\\n {2}of ${label.replaceAll(/[()]/g, "\\$&")}\\n`));
    expect(await say("queue", "named")).toMatch(/checkout #8\n {2}of team a \(key:\w+\)\n/);
    expect(await say("history", "named", "--at", new Date().toISOString())).toMatch(/checkout #7\n {2}of team a \(key:\w+\)\n/);
  });
});

test("release by name gives back what is of one's own key, also beside somebody of the same name", async () => {
  const holder = { name: "root@runner" };
  const grants = [{ role: Role.USE, patterns: ["*"] }];
  const { key, secret } = await clientsOf(server).access.createKey({ label: "team b", grants });
  const held = leaseIn(await team.locks.acquire({ environment: "same", holder }));
  const other = { CALL_ME_URL: server.url, CALL_ME_API_KEY: secret, CALL_ME_HOLDER: holder.name };
  const refused = await type(["release", "same"], other);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain(`and you are "root@runner" by key:${key?.id}, not by ${held.principal}`);
  expect((await type(["acquire", "same", "--no-wait"], other)).code).toBe(4);
  expect((await type(["release", "same"], other)).stderr).not.toContain("not yours");
  const { environments } = await clientsOf(server).locks.check({ environment: "same" });
  expect(environments[0]).toMatchObject({ queueLength: 0, used: 1 });
});

test("who ended a lease is told to its holder by label and principal", async () => {
  const taken = await type(["acquire", "mine", "--json"], env);
  const { lease } = JSON.parse(taken.stdout) as { lease: { id: string } };
  const grants = [{ role: Role.OPERATE, patterns: ["*"] }];
  const { key, secret } = await clientsOf(server).access.createKey({ label: "operators", grants });
  await clientsOf({ url: server.url, key: secret }).environments.forceRelease({ leaseId: lease.id, reason: "fire drill" });
  expect(await say("release", "--lease", lease.id)).toContain(`force released by operators (key:${key?.id}): fire drill`);
});
