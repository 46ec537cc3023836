/** env apply --dry-run: what would change, as a person reads it. */
import { expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { open, type } from "./terminal.ts";

const BEFORE = `
pools:
  - { name: lab, maxQueue: 20, autoCreate: false }
  - { name: old }
environments:
  - name: board-1
    pool: lab
    description: left of the door
    capacity: 2
    defaultTtl: 90m
    labels: { os: linux, "two words": "yes" }
    links: { page: https://lab/1 }
    variables: { URL: { value: https://board-1 }, TOKEN: { fromEnv: CALL_ME_SECRET_ONE, secret: true } }
  - { name: board-2, pool: lab }
  - { name: same, pool: lab, defaultTtl: 1h }
`;
const AFTER = `
pools:
  - { name: lab, maxQueue: 5 }
  - { name: new }
environments:
  - name: board-1
    pool: lab
    description: "right: of the door"
    default_ttl: 2h
    labels: { os: windows, gpu: a100 }
    links: { page: https://lab/1 }
    variables: { URL: { value: https://board-1.lab }, TOKEN: { fromEnv: CALL_ME_SECRET_TWO, secret: true } }
  - { name: same, pool: lab, defaultTtl: 60m }
  - { name: board-3, pool: lab, capacity: 4 }
`;
const SECRETS = { CALL_ME_SECRET_ONE: "the first secret", CALL_ME_SECRET_TWO: "the second secret" };

const DIFF = `~ pool lab
~     maxQueue: 20 → 5
-     autoCreate: false
+ pool new
- pool old
~ board-1 (pool lab)
~     description: "left of the door" → "right: of the door"
~     labels.os: linux → windows
-     labels["two words"]: yes
+     labels.gpu: a100
-     capacity: 2
~     variables.URL.value: https://board-1 → https://board-1.lab
~     variables.TOKEN.fromEnv: CALL_ME_SECRET_ONE → CALL_ME_SECRET_TWO
~     defaultTtl: 1h30m → 2h
- board-2 (pool lab)
+ board-3 (pool lab)
`;

test("it shows each value before and after, of secrets the name alone, and changes nothing", async () => {
  await using server = await Server.start(SECRETS);
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  await type(["env", "apply", "-"], env, { stdin: BEFORE });
  const looked = await type(["env", "apply", "-", "--prune", "--dry-run"], env, { stdin: AFTER });
  expect(looked).toEqual({
    code: 0,
    stdout: DIFF,
    stderr: expect.stringContaining("call-me: would be 2 created, 2 changed, 2 deleted, 1 unchanged\n"),
  });
  const again = await type(["env", "apply", "-", "--dry-run"], env, { stdin: BEFORE });
  expect(again.stdout).toBe("");
  expect(again.stderr).toContain("call-me: would be 0 created, 0 changed, 0 deleted, 5 unchanged\n");
  const applied = await type(["env", "apply", "-", "--prune"], env, { stdin: AFTER });
  expect(applied.stdout).toContain("updated pool lab: auto_create, max_queue\n");
  expect((await clientsOf(server).environments.listEnvironments({})).environments.map(({ name }) => name)).toEqual([
    "board-1",
    "board-3",
    "same",
  ]);
});

test("colours are for a person at a terminal, and for one who wants them", async () => {
  await using server = await Server.start();
  const look = async (isTTY: boolean, more: Record<string, string> = {}) => {
    const session = open(
      ["env", "apply", "-", "--dry-run"],
      { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, ...more },
      { stdin: "- name: uat" },
    );
    Object.assign(session.stdout, { isTTY });
    await session.exit;
    return session.stdout.text;
  };
  expect(await look(true)).toBe("\x1b[32m+ uat (pool default)\x1b[0m\n");
  expect(await look(true, { NO_COLOR: "1" })).toBe("+ uat (pool default)\n");
  expect(await look(false)).toBe("+ uat (pool default)\n");
});
