// `call-me notices`: tests of receivers, how they are doing, and what was given up.
import { expect, test } from "vitest";
import { accept, ruleFor } from "../notices/receiver.ts";
import { receiving, serving } from "../notices/stage.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

test("a test tells of each rule whether its receiver has got it, and why not", async () => {
  const [good, bad] = [await receiving(), await receiving()];
  bad.answer = (answer) => void answer.writeHead(404).end();
  const { server } = await serving(`rules:\n${ruleFor(good.url, ", kinds: forced", "good")}${ruleFor(bad.url, ", kinds: forced", "bad")}`);
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const all = await type(["notices", "test"], env);
  expect(all).toMatchObject({ code: 1 });
  expect(all.stdout).toMatch(/^good \(http:\/\/127\.0\.0\.1:\d+\): delivered\nbad \(.*\): it answered 404\n$/);
  expect(await type(["notices", "test", "--rule", "good"], env)).toMatchObject({ code: 0 });
  expect(good.types).toEqual(["notices.test", "notices.test"]);
  const unknown = await type(["notices", "test", "--rule", "godo"], env);
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    expect.stringContaining('"godo" is no rule of the server\'s file of notices; there are good, bad'),
  ]);
});

test("what a receiver refuses is given up after some attempts, is listed, and arrives when it is tried again", async () => {
  const receiver = await receiving();
  receiver.answer = (answer, { body }) => void answer.writeHead(body.includes('"bad"') ? 422 : 204).end();
  const { server } = await serving(`rules:\n${ruleFor(receiver.url, ", kinds: granted")}`);
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const { locks } = clientsOf(server, "gRPC");
  await locks.acquire({ environment: "bad", holder: { name: "alice" } });
  await locks.acquire({ environment: "next" });
  await eventually(async () => (await type(["notices", "list"], env)).stdout.includes("it answered 422"));
  await eventually(() => receiver.told.some(({ data }) => data.environments[0] === "next"));
  expect(server.log.find(({ msg }) => msg.startsWith("a notice was given up: it answered 422"))).toMatchObject({
    level: "warn",
    rule: "ops",
  });
  await server.kill9();
  await server.restart();
  const { notices, receivers } = JSON.parse((await type(["notices", "list", "--json"], env)).stdout);
  expect(notices).toMatchObject([
    {
      type: "lease.granted",
      rule: "ops",
      environments: ["bad"],
      holder: { name: "alice" },
      why: "it answered 422",
      givenUpAt: expect.any(String),
    },
  ]);
  expect(receivers).toMatchObject([{ rule: "ops", origin: new URL(receiver.url).origin }]);
  expect((await type(["notices", "list"], env)).stdout).toMatch(
    /^GIVEN UP.*\nmsg_\S+ +\d+ s ago +lease\.granted +bad\n +of alice, for ops \(http:\S+\): it answered 422$/m,
  );
  receiver.answer = accept;
  const before = receiver.deliveries.length;
  expect(await type(["notices", "retry", notices[0].id], env)).toMatchObject({ code: 0 });
  await eventually(() => receiver.deliveries.slice(before).some(({ headers }) => headers["webhook-id"] === notices[0].id));
  await eventually(async () => (await type(["notices", "list"], env)).stderr.includes("no notice was given up"));
  const again = await type(["notices", "retry", notices[0].id], env);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("was given up, or it waits again already")]);
});

test("a URL that leases may name is tested, and no other", async () => {
  const receiver = await receiving();
  const { server } = await serving(`notify:\n- {prefix: "${receiver.url}/", secret_from: CALL_ME_SECRET_HOOK}\n`);
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const { code, stdout } = await type(["notices", "test", "--notify", `${receiver.url}/pipeline?token=very-secret`], env);
  expect([code, stdout]).toEqual([0, `${new URL(receiver.url).origin}: delivered\n`]);
  expect(receiver.deliveries.map(({ path }) => path)).toEqual(["/hook/pipeline?token=very-secret"]);
  const refused = await type(["notices", "test", "--notify", new URL("/admin", receiver.url).href], env);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("does not begin with what this server allows") });
  expect(receiver.deliveries.length).toBe(1);
});

test("a server without rules says so", async () => {
  await using server = await Server.start();
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  for (const [verb, code] of [
    ["list", 0],
    ["test", 1],
  ] as const)
    expect(await type(["notices", verb], env)).toMatchObject({ code, stderr: expect.stringContaining("nobody is told of anything") });
  for (const verb of ["retry", "drop"]) {
    expect(await type(["notices", verb], env)).toMatchObject({ code: 2, stderr: expect.stringContaining("--rule, or --all") });
    expect(await type(["notices", verb, "--all", "--rule", "ops"], env)).toMatchObject({ code: 2 });
    expect(await type(["notices", verb, "--all"], env)).toMatchObject({ code: 1 });
  }
});
