// How exec gives a lease back, told by a server that can be made to fail.
import { Code, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Outcome, type ReleaseRequest } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { seconds } from "../outside/clients.ts";
import { lease, refusal, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

/** A server that grants at once, and answers the first `failures` releases with `unavailable`. */
async function granting(failures = 0, left = 60) {
  const releases: ReleaseRequest[] = [];
  const keys: string[] = [];
  const note = (method: string, { requestHeader }: HandlerContext) => keys.push(`${method} ${requestHeader.get("x-api-key")}`);
  const held = lease(LeaseState.HELD, { ttl: seconds(60), ttlRemaining: seconds(left) });
  const scripted = await new ScriptedServer({
    locks: {
      acquire: (_, context) => {
        note("acquire", context);
        return { lease: held, leaseToken: "cml_token" };
      },
      renew: (_, context) => {
        note("renew", context);
        return { lease: held };
      },
      release: (request, context) => {
        note("release", context);
        releases.push(request);
        if (releases.length <= failures) throw refusal(Code.Unavailable, "DRAINING", "stopping");
        return {};
      },
    },
  }).start();
  return { scripted, releases, keys };
}

test.each([
  ["false", [], Outcome.OK],
  ["false", ["--outcome-from-exit"], Outcome.FAILED],
  ["true", ["--outcome-from-exit"], Outcome.OK],
])("the outcome of %s with %j", async (command, options, outcome) => {
  const { scripted, releases } = await granting();
  await using _ = scripted;
  await type(["exec", "uat", ...options, "--", command], { CALL_ME_URL: scripted.url });
  expect(releases).toMatchObject([{ leaseId: "L1", outcome }]);
});

test("a release is repeated until the server has answered", async () => {
  const { scripted, releases } = await granting(3);
  await using _ = scripted;
  expect((await type(["exec", "uat", "--", "true"], { CALL_ME_URL: scripted.url }, { pace: { patience: 10_000 } })).code).toBe(0);
  expect(releases).toHaveLength(4);
});

test("a release that stays without an answer changes nothing in the exit status", async () => {
  const { scripted } = await granting(Number.POSITIVE_INFINITY);
  await using _ = scripted;
  const { code, stderr } = await type(["exec", "uat", "--", "sh", "-c", "exit 5"], { CALL_ME_URL: scripted.url });
  expect(code).toBe(5);
  expect(stderr).toContain("could not be released");
  expect(stderr).toContain("it ends by itself within 1 m");
});

test("renewing and giving back take the lease's token, which outlives the identity of a cancelled job", async () => {
  const { scripted, keys } = await granting();
  await using _ = scripted;
  await type(["exec", "uat", "--", "true"], { CALL_ME_URL: scripted.url, CALL_ME_API_KEY: "job" });
  expect(keys).toEqual(["acquire job", "renew cml_token", "release cml_token"]);
});

test("a lease whose time is as good as over lets no command begin", async () => {
  const { scripted, releases } = await granting(0, 5);
  await using _ = scripted;
  const { code, stdout, stderr } = await type(["exec", "uat", "--", "echo", "begun"], { CALL_ME_URL: scripted.url });
  expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
  expect(stderr).toContain("lease L1 is lost: its time was as good as over before it began");
  expect(releases).toMatchObject([{ leaseId: "L1" }]);
});
