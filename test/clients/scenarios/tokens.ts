// Rule 13: without a key, the token that the CI system gives a job opens the server.
import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { refusal } from "../../cli/scripted.ts";
import { KeylessServer } from "../../integrations/job-tokens.ts";
import { clientsOf } from "../../outside/clients.ts";
import { failsWith, heldBy, inJob, WRONG } from "../in-job.ts";
import { held, queued, TOKEN } from "../scripted.ts";
import { TokenEndpoint } from "../token-endpoint.ts";
import { leasesOn, type Scenarios } from "../world.ts";

export const tokens: Scenarios = {
  "token: a server lets in by its rules, for what they grant, and nobody else": async (world) => {
    await using keyless = await KeylessServer.start();
    const { server } = keyless;
    const inJobOf = (page: string) => world.another({ url: server.url, key: "" }, keyless.tokens.get(page)?.env ?? {});
    const testee = inJobOf("github");
    const hold = testee.hold(["uat-1"]);
    await hold.hears("held");
    assert.match((await leasesOn(clientsOf(server), "uat-1"))[0]?.principal ?? "", /^oidc:github-shop-main:1296269$/);
    assert.equal(await hold.finish(), "ok");
    assert.equal(await testee.hold(["production"]).outcome(), "permission_denied NOT_ALLOWED");
    // The same job, of another branch.
    keyless.changes = { ref: "refs/heads/feature" };
    assert.equal(await inJobOf("github").hold(["uat-1"]).outcome(), "unauthenticated WRONG_KEY");
  },

  "token: asked for with the server as its audience, it opens Acquire, and the lease's own token all else": async (world) =>
    await inJob(world, [{ life: 3600 }], async ({ scripted, endpoint, testee }) => {
      assert.equal(await heldBy(testee, scripted), endpoint.tokens[0]);
      assert.deepEqual(endpoint.asked, [{ audience: scripted.url, bearer: "Bearer ask-for-me" }]);
      const others = scripted.calls.filter(({ method }) => method !== "Acquire");
      assert.ok(others.some(({ method }) => method === "Renew") && others.some(({ method }) => method === "Release"));
      assert.deepEqual([...new Set(others.map(({ key, bearer }) => `${key} ${bearer}`))], [`${TOKEN} undefined`]);
      assert.equal(scripted.calls.find(({ method }) => method === "Acquire")?.key, null);
    }),

  "token: CALL_ME_AUDIENCE is the audience instead": async (world) =>
    await inJob(
      world,
      [{ life: 3600 }],
      async ({ scripted, endpoint, testee }) => {
        await heldBy(testee, scripted);
        assert.equal(endpoint.asked[0]?.audience, "call-me at shop & co");
      },
      { CALL_ME_AUDIENCE: "call-me at shop & co" },
    ),

  "token: ten holds at once ask for one, and a later one for another before the first ends": async (world) =>
    await inJob(world, [{ life: 30 }], async ({ scripted, endpoint, testee }) => {
      const holds = Array.from({ length: 10 }, () => testee.hold(["uat"]));
      for (const hold of holds) await hold.hears("held");
      assert.equal(endpoint.asked.length, 1);
      // Due after a third of its life; from then on the next call has another fetched.
      while (endpoint.asked.length < 2) assert.equal(await heldBy(testee, scripted), endpoint.tokens[0]);
      while ((await heldBy(testee, scripted)) !== endpoint.tokens[1]) assert.equal(endpoint.asked.length, 2);
      for (const hold of holds) assert.equal(await hold.finish(), "ok");
    }),

  "token: one that is refused is replaced once": async (world) =>
    await inJob(world, [{ life: 3600 }], async ({ scripted, endpoint, testee }) => {
      scripted.refuse = (_, __, { bearer }) => (bearer !== undefined && bearer === endpoint.tokens[0] ? WRONG() : undefined);
      assert.equal(await heldBy(testee, scripted), endpoint.tokens[1]);
      assert.deepEqual([endpoint.asked.length, scripted.count("Acquire")], [2, 2]);
    }),

  "token: refused again, the error says whose it was, for whom, and who can mend it, and no token": async (world) =>
    await inJob(world, [{ life: 3600 }], async ({ scripted, endpoint, testee }) => {
      scripted.refuse = WRONG;
      const why = await failsWith(testee, "unauthenticated WRONG_KEY");
      for (const part of [scripted.url, "GitHub Actions", "https://token.example", "the key is not known", "CALL_ME_ACCESS"])
        assert.ok(why.includes(part), `no ${part} in: ${why}`);
      assert.equal(scripted.count("Acquire"), 2);
      for (const token of endpoint.tokens) assert.ok(!testee.transcript().includes(token.slice(0, 40)), "the token is told");
    }),

  "token: where a key is set, none is asked for": async (world) =>
    await inJob(world, [{ life: 3600 }], async ({ world, scripted, endpoint }) => {
      assert.equal(await heldBy(world.another(scripted, endpoint.env), scripted), undefined);
      assert.equal(endpoint.asked.length, 0);
    }),

  "token: where a key is set and the source is named, both are shown; without a token the key goes alone": async (world) =>
    await inJob(world, [{ life: 3600 }], async ({ world, scripted, endpoint }) => {
      const named = { ...endpoint.env, CALL_ME_ID_TOKEN_SOURCE: "github" };
      assert.equal(await heldBy(world.another(scripted, named), scripted), endpoint.tokens[0]);
      assert.equal(scripted.calls.find(({ method }) => method === "Acquire")?.key, scripted.key);
      const lost = { ...named, ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:1/token" };
      assert.equal(await heldBy(world.another(scripted, lost), scripted), undefined);
      assert.equal(scripted.calls.findLast(({ method }) => method === "Acquire")?.key, scripted.key);
    }),

  "token: CALL_ME_ID_TOKEN_SOURCE=off sends none": async (world) =>
    await inJob(
      world,
      [{ life: 3600 }],
      async ({ scripted, endpoint, testee }) => {
        assert.equal(await heldBy(testee, scripted), undefined);
        assert.equal(endpoint.asked.length, 0);
      },
      { CALL_ME_ID_TOKEN_SOURCE: "off" },
    ),

  "token: none is asked for, or sent, in clear text to another machine": async (world) => {
    await using endpoint = await TokenEndpoint.start({ life: 3600 });
    const testee = world.another({ url: "http://call-me.invalid:8000", key: "" }, endpoint.env);
    assert.match(await failsWith(testee, "unauthenticated"), /clear text.*CALL_ME_INSECURE=on/);
    assert.equal(endpoint.asked.length, 0);
  },

  "token: one that ends while a hold waits costs no place in line": async (world) =>
    await inJob(world, [{ life: 3600 }], async ({ scripted, testee }) => {
      scripted.acquire = () => queued();
      scripted.refuse = (method, time) =>
        method === "Acquire" && time > 1
          ? WRONG()
          : method === "WatchLease" && time === 1
            ? refusal(Code.Unavailable, "DRAINING", "")
            : undefined;
      const hold = testee.hold(["uat"]);
      await hold.hears("waiting");
      scripted.tell(held());
      await hold.hears("held");
      assert.deepEqual(
        scripted.calls.find(({ method }) => method === "GetLease"),
        { method: "GetLease", key: TOKEN },
      );
      assert.equal(await hold.finish(), "ok");
    }),
};
