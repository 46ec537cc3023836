// Whoever waits for a lease that looks like the caller's own is told so: it may wait for itself.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});

afterAll(() => server[Symbol.asyncDispose]());

/** Takes an environment and gives the lease's id. */
async function take(...args: string[]): Promise<string> {
  const { stdout } = await type(["acquire", ...args, "--json"], env);
  return JSON.parse(stdout).lease.id;
}

/** What is said by a command that waits a moment. */
async function wait(...args: string[]): Promise<string> {
  const { code, stderr } = await type(args, env);
  expect(code).toBe(4);
  return stderr;
}

const BRIEFLY = ["--queue-timeout", "1s"];
const REMEDY = "If another took it, it ends without you; if you did, use it without asking again, or give it back: call-me release --lease";

test.each([
  ["acquire", []],
  ["exec", ["--", "true"]],
])("%s says at once, and once, that the lease in its way is in the caller's name", async (verb, rest) => {
  const id = await take(`named-${verb}`, "--name", "ada@desk");
  const said = await wait(verb, `named-${verb}`, "--name", "ada@desk", ...BRIEFLY, ...rest);
  expect(said).toMatch(
    `call-me: lease ${id} there is in this caller's name, ada@desk, too. ${REMEDY} ${id}\ncall-me: waiting for named-${verb}: `,
  );
  expect(said.split(REMEDY)).toHaveLength(2);
});

test("a lease of the same run is told as that, whatever its name, and one of another run is not", async () => {
  const id = await take("run", "--name", "checkout #7", "--run-url", "https://ci/7");
  expect(await wait("acquire", "run", "--name", "job 2", "--run-url", "https://ci/7", ...BRIEFLY)).toContain(
    `call-me: lease ${id} there is of this same run. ${REMEDY} ${id}\n`,
  );
  for (const other of [["--run-url", "https://ci/8"], []])
    expect(await wait("acquire", "run", "--name", "checkout #7", ...other, ...BRIEFLY)).not.toContain(REMEDY);
});

test("of several slots those that look like the caller's are named", async () => {
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"licence","capacity":3}]' });
  const [first, second] = [await take("licence", "--name", "ada"), await take("licence", "--name", "ada")];
  await take("licence", "--name", "bo");
  expect(await wait("acquire", "licence", "--name", "ada", ...BRIEFLY)).toContain(
    `call-me: leases ${first} and ${second} there: each is in this caller's name, ada, too. ${REMEDY} ${first}\n`,
  );
});
