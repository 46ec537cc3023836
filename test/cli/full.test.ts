// A full line: who would have to wait beyond max_queue is told at once.
import { expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

test.each([
  ["acquire", []],
  ["exec", ["--", "false"]],
])("%s ends with 4, with who has it and how many wait", async (verb, command) => {
  await using server = await Server.start();
  const { locks, environments } = clientsOf(server);
  await environments.applyEnvironments({ environments: [{ name: "uat" }], pools: [{ name: "default", maxQueue: 1 }] });
  for (const name of ["checkout #1", "checkout #2"]) await locks.acquire({ environment: "uat", holder: { name } });
  const said = await type([verb, "uat", ...command], { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key });
  expect(said).toEqual({
    code: 4,
    stdout: "",
    stderr:
      'call-me: not acquired: uat is held by checkout #1, claimed by 1 in line; nothing is left in line, since 1 wait in pool "default", and its max_queue is 1; ask again later\n',
  });
});
