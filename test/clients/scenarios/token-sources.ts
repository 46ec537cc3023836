// Rule 13: where tokens come from, and what their sources may do wrong.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { failsWith, heldBy, inJob, lenient, WRONG, withCommand } from "../in-job.ts";
import { claimsFor, unsigned } from "../token-endpoint.ts";
import type { Scenarios } from "../world.ts";

export const tokenSources: Scenarios = {
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

  "token: an endpoint that answers byte by byte costs a while, and no more": async (world) =>
    await inJob(world, ["trickle", { life: 3600 }], async ({ scripted, endpoint, testee }) => {
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

  "token: of the pipeline's own, which a command does not get": async (world) => {
    const scripted = await lenient(world);
    const token = unsigned(claimsFor("whoever", 3600));
    const testee = world.another({ url: scripted.url, key: "" }, { CALL_ME_ID_TOKEN: `${token}\n` });
    await withCommand("ask", "env | grep ID_TOKEN= >&2; ! env | grep -q CALL_ME_ID_TOKEN=", async (folder) => {
      const hold = testee.hold(["uat"], { run: [path.join(folder, "ask")] });
      assert.equal(await hold.outcome(), "ok");
    });
    assert.equal(scripted.calls.find(({ method }) => method === "Acquire")?.bearer, token);
  },

  "token: the pipeline's own is for nobody else than CALL_ME_AUDIENCE": async (world) => {
    const scripted = await lenient(world);
    const env = { CALL_ME_ID_TOKEN: unsigned(claimsFor("sts.amazonaws.com", 3600)), CALL_ME_AUDIENCE: "call-me" };
    const why = await failsWith(world.another({ url: scripted.url, key: "" }, env), "unauthenticated");
    assert.match(why, /"sts.amazonaws.com".*"call-me"/);
    assert.equal(scripted.calls.length, 0);
  },

  "token: of a file, which is read again when its token is refused": async (world) => {
    const scripted = await lenient(world);
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
    const scripted = await lenient(world);
    const token = unsigned(claimsFor(scripted.url, 300));
    await withCommand("buildkite-agent", `echo ${token}`, async (folder, env) => {
      const more = { BUILDKITE: "true", BUILDKITE_OIDC_TOKEN_CLAIMS: "cluster_id" };
      assert.equal(await heldBy(world.another({ url: scripted.url, key: "" }, { ...env, ...more }), scripted), token);
      const args = ["oidc", "request-token", "--audience", scripted.url, "--claim", "organization_id,pipeline_id,cluster_id", ""];
      assert.deepEqual(readFileSync(path.join(folder, "args"), "utf8").split("\n"), args);
    });
  },

  "token: an agent that hangs ends the hold as unavailable, and is named": async (world) => {
    const scripted = await lenient(world);
    await withCommand("buildkite-agent", "sleep 1000 & exec sleep 1000", async (_, env) => {
      const testee = world.another({ url: scripted.url, key: "" }, { ...env, BUILDKITE: "true" });
      assert.match(await failsWith(testee, "unavailable"), /no token from Buildkite in /);
      assert.equal(scripted.calls.length, 0);
    });
  },

  "token: a file that never ends is no token": async (world) => {
    const scripted = await lenient(world);
    const testee = world.another({ url: scripted.url, key: "" }, { CALL_ME_ID_TOKEN_FILE: "/dev/zero" });
    assert.match(await failsWith(testee, "unavailable"), /CALL_ME_ID_TOKEN_FILE "\/dev\/zero": what it holds is no JSON Web Token/);
  },

  "token: an agent that fails ends the hold at once, with its last word": async (world) => {
    const scripted = await lenient(world);
    await withCommand("buildkite-agent", "echo no such job >&2; exit 3", async (_, env) => {
      const testee = world.another({ url: scripted.url, key: "" }, { ...env, BUILDKITE: "true" });
      assert.match(await failsWith(testee, "unauthenticated"), /no token from Buildkite.*no such job/);
      assert.equal(scripted.calls.length, 0);
    });
  },

  "token: CircleCI's command is asked for our audience": async (world) => {
    const scripted = await lenient(world);
    const token = unsigned(claimsFor(scripted.url, 3600));
    await withCommand("circleci", `echo ${token}`, async (folder, env) => {
      assert.equal(await heldBy(world.another({ url: scripted.url, key: "" }, { ...env, CIRCLECI: "true" }), scripted), token);
      const args = ["run", "oidc", "get", "--claims", JSON.stringify({ aud: scripted.url }), ""];
      assert.deepEqual(readFileSync(path.join(folder, "args"), "utf8").split("\n"), args);
    });
  },

  "token: without that command CircleCI's own is sent if it is for our audience, and to nobody else": async (world) => {
    const scripted = await lenient(world);
    const token = unsigned(claimsFor("organization-1", 3600));
    await withCommand("circleci", "echo unknown command >&2; exit 1", async (_, path) => {
      const env = { ...path, CIRCLECI: "true", CIRCLE_OIDC_TOKEN_V2: token };
      assert.match(await failsWith(world.another({ url: scripted.url, key: "" }, env), "unauthenticated"), /no token from CircleCI/);
      assert.equal(scripted.calls.length, 0);
      const meant = world.another({ url: scripted.url, key: "" }, { ...env, CALL_ME_AUDIENCE: "organization-1" });
      assert.equal(await heldBy(meant, scripted), token);
    });
  },
};
