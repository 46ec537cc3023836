// Rule 13: without a key, the token that the CI system gives a job opens the server.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code } from "@connectrpc/connect";
import { refusal } from "../../cli/scripted.ts";
import { KeylessServer } from "../../integrations/job-tokens.ts";
import { clientsOf } from "../../outside/clients.ts";
import { held, queued, type ScriptedServer, TOKEN } from "../scripted.ts";
import type { Testee } from "../testee.ts";
import { claimsFor, type Reply, TokenEndpoint, unsigned } from "../token-endpoint.ts";
import { leasesOn, type Scenarios, type World } from "../world.ts";

const WRONG = () => refusal(Code.Unauthenticated, "WRONG_KEY", "the key is not known to this server");

/** A hold that begins, and ends well; what opened its Acquire. */
async function heldBy(testee: Testee, scripted: ScriptedServer): Promise<string | undefined> {
  const hold = testee.hold(["uat"]);
  await hold.hears("held");
  assert.equal(await hold.finish(), "ok");
  return scripted.calls.findLast(({ method }) => method === "Acquire")?.bearer;
}

/** How a hold ends that never begins, and what its error says. */
async function failsWith(testee: Testee, outcome: string): Promise<string> {
  const hold = testee.hold(["uat"]);
  const { why = "" } = await hold.hears("ended");
  assert.equal(await hold.outcome(), outcome, why);
  return why;
}

interface Play {
  readonly world: World;
  readonly scripted: ScriptedServer;
  readonly endpoint: TokenEndpoint;
  /** A testee in a job of this endpoint. */
  readonly testee: Testee;
}

/** With an endpoint that replies like that. */
async function inJob(world: World, replies: readonly Reply[], play: (play: Play) => Promise<void>, env = {}): Promise<void> {
  await using endpoint = await TokenEndpoint.start(...replies);
  const { scripted } = await world.scripted();
  await play({ world, scripted, endpoint, testee: world.another({ url: scripted.url, key: "" }, { ...endpoint.env, ...env }) });
}

/** With a folder that has a command in it, which keeps what it was called with in `args`, and does as the script says. */
async function withCommand(
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
    await inJob(world, [{ life: 9 }], async ({ scripted, endpoint, testee }) => {
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

  "token: an endpoint that is busy, talks nonsense, or answers with megabytes is asked again": async (world) => {
    const replies = [{ status: 503 }, { text: "<html>" }, { text: "x".repeat(10_000_000) }, { text: "{}" }, { life: 3600 }];
    await inJob(world, replies, async ({ scripted, endpoint, testee }) => {
      assert.equal(await heldBy(testee, scripted), endpoint.tokens[0]);
    });
  },

  "token: an endpoint that is silent costs a while, and no more": async (world) =>
    await inJob(world, ["silence", { life: 3600 }], async ({ scripted, endpoint, testee }) => {
      assert.equal(await heldBy(testee, scripted), endpoint.tokens[0]);
    }),

  "token: an endpoint that is always out of reach ends the hold as unavailable, and is named": async (world) =>
    await inJob(
      world,
      [{ life: 3600 }],
      async ({ scripted, testee }) => {
        assert.match(await failsWith(testee, "unavailable"), /no token from GitHub Actions/);
        assert.equal(scripted.calls.length, 0);
      },
      { ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:1/token" },
    ),

  "token: an endpoint that refuses ends the hold at once, with what the job lacks": async (world) =>
    await inJob(world, [{ status: 403 }], async ({ scripted, endpoint, testee }) => {
      assert.match(await failsWith(testee, "unauthenticated"), /no token from GitHub Actions.*403.*id-token: write/);
      assert.deepEqual([endpoint.asked.length, scripted.calls.length], [1, 0]);
    }),

  "token: none is asked for, or sent, in clear text to another machine": async (world) => {
    await using endpoint = await TokenEndpoint.start({ life: 3600 });
    const testee = world.another({ url: "http://call-me.invalid:8000", key: "" }, endpoint.env);
    assert.match(await failsWith(testee, "unauthenticated"), /clear text.*CALL_ME_INSECURE=on/);
    assert.equal(endpoint.asked.length, 0);
  },

  "token: of the pipeline's own, which a command does not get": async (world) => {
    const { scripted } = await world.scripted();
    const token = unsigned(claimsFor("whoever", 3600));
    const testee = world.another({ url: scripted.url, key: "" }, { CALL_ME_ID_TOKEN: `${token}\n` });
    await withCommand("ask", "env | grep ID_TOKEN= >&2; ! env | grep -q CALL_ME_ID_TOKEN=", async (folder) => {
      const hold = testee.hold(["uat"], { run: [path.join(folder, "ask")] });
      assert.equal(await hold.outcome(), "ok");
    });
    assert.equal(scripted.calls.find(({ method }) => method === "Acquire")?.bearer, token);
  },

  "token: the pipeline's own is for nobody else than CALL_ME_AUDIENCE": async (world) => {
    const { scripted } = await world.scripted();
    const env = { CALL_ME_ID_TOKEN: unsigned(claimsFor("sts.amazonaws.com", 3600)), CALL_ME_AUDIENCE: "call-me" };
    const why = await failsWith(world.another({ url: scripted.url, key: "" }, env), "unauthenticated");
    assert.match(why, /"sts.amazonaws.com".*"call-me"/);
    assert.equal(scripted.calls.length, 0);
  },

  "token: of a file, which is read again when its token is refused": async (world) => {
    const { scripted } = await world.scripted();
    const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-token-"));
    try {
      const [file, tokens] = [path.join(folder, "token"), [1, 2].map((jti) => unsigned(claimsFor("call-me", 3600, { jti })))];
      writeFileSync(file, tokens[0] ?? "");
      const testee = world.another({ url: scripted.url, key: "" }, { CALL_ME_ID_TOKEN_FILE: file });
      assert.equal(await heldBy(testee, scripted), tokens[0]);
      // As kubelet does it.
      writeFileSync(`${file}.new`, tokens[1] ?? "");
      renameSync(`${file}.new`, file);
      scripted.refuse = (_, __, { bearer }) => (bearer === tokens[0] ? WRONG() : undefined);
      assert.equal(await heldBy(testee, scripted), tokens[1]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },

  "token: Buildkite's agent is asked, with the organization's id": async (world) => {
    const { scripted } = await world.scripted();
    const token = unsigned(claimsFor(scripted.url, 300));
    await withCommand("buildkite-agent", `echo ${token}`, async (folder, env) => {
      const more = { BUILDKITE: "true", BUILDKITE_OIDC_TOKEN_CLAIMS: "cluster_id" };
      assert.equal(await heldBy(world.another({ url: scripted.url, key: "" }, { ...env, ...more }), scripted), token);
      const args = ["oidc", "request-token", "--audience", scripted.url, "--claim", "organization_id,pipeline_id,cluster_id", ""];
      assert.deepEqual(readFileSync(path.join(folder, "args"), "utf8").split("\n"), args);
    });
  },

  "token: an agent that fails ends the hold at once, with its last word": async (world) => {
    const { scripted } = await world.scripted();
    await withCommand("buildkite-agent", "echo no such job >&2; exit 3", async (_, env) => {
      const testee = world.another({ url: scripted.url, key: "" }, { ...env, BUILDKITE: "true" });
      assert.match(await failsWith(testee, "unauthenticated"), /no token from Buildkite.*no such job/);
      assert.equal(scripted.calls.length, 0);
    });
  },

  "token: CircleCI's command is asked for our audience": async (world) => {
    const { scripted } = await world.scripted();
    const token = unsigned(claimsFor(scripted.url, 3600));
    await withCommand("circleci", `echo ${token}`, async (folder, env) => {
      assert.equal(await heldBy(world.another({ url: scripted.url, key: "" }, { ...env, CIRCLECI: "true" }), scripted), token);
      const args = ["run", "oidc", "get", "--claims", JSON.stringify({ aud: scripted.url }), ""];
      assert.deepEqual(readFileSync(path.join(folder, "args"), "utf8").split("\n"), args);
    });
  },

  "token: without that command CircleCI's own is sent if it is for our audience, and to nobody else": async (world) => {
    const { scripted } = await world.scripted();
    const token = unsigned(claimsFor("organization-1", 3600));
    await withCommand("circleci", "echo unknown command >&2; exit 1", async (_, path) => {
      const env = { ...path, CIRCLECI: "true", CIRCLE_OIDC_TOKEN_V2: token };
      assert.match(await failsWith(world.another({ url: scripted.url, key: "" }, env), "unauthenticated"), /no token from CircleCI/);
      assert.equal(scripted.calls.length, 0);
      const meant = world.another({ url: scripted.url, key: "" }, { ...env, CALL_ME_AUDIENCE: "organization-1" });
      assert.equal(await heldBy(meant, scripted), token);
    });
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
