import os from "node:os";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Outcome, type ReleaseRequest } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { failure } from "../../src/rpc/errors.ts";
import { lease, refusal, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

const GITHUB = { GITHUB_SERVER_URL: "https://gh", GITHUB_REPOSITORY: "shop/web", GITHUB_RUN_ID: "99" };
const OURS = "https://gh/shop/web/actions/runs/99";
const FREED = "slot has been freed for environment: uat\n";
/** What somebody types, and where. */
interface How {
  args?: string[];
  env?: Record<string, string>;
}

const RELEASED = lease(LeaseState.ENDED, { endReason: EndReason.RELEASED });

/** A server where these hold uat; its lease ids are A, B, … Elsewhere is lease `mine`, on environment `at`. */
async function heldBy(holders: readonly { name?: string; runUrl?: string }[], at = "uat") {
  const requests: ReleaseRequest[] = [];
  const server = await new ScriptedServer({
    environments: {
      listLeases: ({ filter }) => ({
        leases: holders.map((holder, index) =>
          lease(LeaseState.HELD, { id: String.fromCharCode(65 + index), holder, environments: [{ name: filter?.environment ?? "" }] }),
        ),
      }),
    },
    locks: {
      getLease: ({ leaseId }) => {
        if (leaseId !== "mine") throw refusal(Code.NotFound, "LEASE_NOT_FOUND", `no lease ${leaseId}`);
        return { lease: lease(LeaseState.HELD, { id: leaseId, environments: [{ name: at }] }) };
      },
      release: (request) => {
        requests.push(request);
        return { lease: RELEASED };
      },
    },
  }).start();
  return { server, requests };
}

test.each([
  ["a later step of the run that holds it", [{ runUrl: OURS }], {}, "A"],
  ["another machine of the run, beside others", [{ runUrl: "https://other/1" }, { name: "x", runUrl: OURS }, {}], {}, "B"],
  ["a run given by hand", [{ runUrl: "https://ci/1" }], { args: ["--run-url", "https://ci/1"] }, "A"],
  ["who bears the same name, without a run", [{ name: "bo" }, { name: "ada" }], { env: { CALL_ME_HOLDER: "ada" } }, "B"],
  ["a name given by hand", [{ name: "bo" }, { name: "ada" }], { env: {}, args: ["--name", "ada"] }, "B"],
  ["its own user at the same machine", [{ name: `${os.userInfo().username}@${os.hostname()}` }], { env: {} }, "A"],
])("release ENV by %s ends exactly that lease", async (_, holders, { args = [], env = GITHUB }: How, expected) => {
  const { server, requests } = await heldBy(holders);
  await using _server = server;
  expect(await type(["release", "uat", ...args], { ...env, CALL_ME_URL: server.url })).toEqual({ code: 0, stdout: FREED, stderr: "" });
  expect(requests).toMatchObject([{ leaseId: expected, environment: "" }]);
});

test.each([
  [
    "another run",
    GITHUB,
    [{ name: "x", runUrl: "https://other/1" }],
    /not yours: on uat is lease A of x until it is released \(https:\/\/other\/1\), and you are https:\/\/gh.*--lease/,
  ],
  ["no run at all", { CALL_ME_HOLDER: "ada" }, [{ name: "ada", runUrl: "https://other/1" }], /lease A of ada .*\(.*\), and you are "ada"/],
  ["somebody of another name", { CALL_ME_HOLDER: "ada" }, [{ name: "bo" }], /lease A of bo until it is released, and you are "ada"/],
  [
    "a run that has several",
    GITHUB,
    [
      { name: "x", runUrl: OURS },
      { name: "y", runUrl: OURS },
    ],
    /several .*: lease A of x .*; lease B of y .*--lease/,
  ],
])("release ENV by %s is refused with 5, naming what is there and the way", async (_, env, holders, words) => {
  const { server, requests } = await heldBy(holders);
  await using _server = server;
  const { code, stdout, stderr } = await type(["release", "uat"], { ...env, CALL_ME_URL: server.url });
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  expect(stderr).toMatch(words);
  expect(requests).toEqual([]);
});

test("what was asked for without any holder is ended by name, since the server alone knows whose it is", async () => {
  const { server, requests } = await heldBy([{ name: "bo" }, {}]);
  await using _ = server;
  expect((await type(["release", "uat"], { CALL_ME_URL: server.url })).code).toBe(0);
  expect(requests).toMatchObject([{ leaseId: "", environment: "uat" }]);
});

test.each([
  [Code.FailedPrecondition, "NAME_THE_LEASE"],
  [Code.FailedPrecondition, "SEVERAL_HELD"],
  [Code.PermissionDenied, "NOT_YOURS"],
])("where the server cannot know that it is ours (%i %s) the end is 5, in its words", async (code, reason) => {
  await using server = await new ScriptedServer({
    environments: { listLeases: () => ({ leases: [lease(LeaseState.HELD)] }) },
    locks: {
      release: () => {
        throw refusal(code, reason, "lease L1 is of bo");
      },
    },
  }).start();
  const ended = await type(["release", "uat"], { CALL_ME_URL: server.url });
  expect(ended.code).toBe(5);
  expect(ended.stderr).toContain("lease L1 is of bo");
});

test("the lease in CALL_ME_LEASE_ID comes first, opened with its token alone", async () => {
  const { server, requests } = await heldBy([{ runUrl: "https://other/1" }]);
  await using _ = server;
  const env = { CALL_ME_URL: server.url, CALL_ME_LEASE_ID: "mine", CALL_ME_LEASE_TOKEN: "cml_mine_x" };
  expect(await type(["release", "uat", "--outcome", "broken", "--note", "disk full"], env)).toMatchObject({ code: 0, stdout: FREED });
  expect(requests).toMatchObject([{ leaseId: "mine", outcome: Outcome.BROKEN, note: "disk full" }]);
});

test.each([
  ["is on another environment", "mine"],
  ["is forgotten", "gone"],
])("a lease in CALL_ME_LEASE_ID that %s is left alone, and the run's own on ENV is ended", async (_, id) => {
  const { server, requests } = await heldBy([{ runUrl: OURS }], "staging");
  await using _server = server;
  const env = { ...GITHUB, CALL_ME_URL: server.url, CALL_ME_LEASE_ID: id };
  expect(await type(["release", "uat"], env)).toEqual({ code: 0, stdout: FREED, stderr: "" });
  expect(requests).toMatchObject([{ leaseId: "A" }]);
});

test("release --lease ends that lease, whoever holds what", async () => {
  const { server, requests } = await heldBy([{ runUrl: "https://other/1" }]);
  await using _ = server;
  expect(await type(["release", "--lease", "Z"], { CALL_ME_URL: server.url })).toEqual({ code: 0, stdout: FREED, stderr: "" });
  expect(requests).toMatchObject([{ leaseId: "Z" }]);
});

test("freeing what is free is fine, with a word about it", async () => {
  const { server } = await heldBy([]);
  await using _ = server;
  const env = { CALL_ME_URL: server.url };
  expect(await type(["release", "uat"], env)).toEqual({ code: 0, stdout: FREED, stderr: "call-me: nothing was held on uat\n" });
  expect(JSON.parse((await type(["release", "uat", "--json"], env)).stdout)).toEqual({ alreadyEnded: true });
});

test("what ended in between is fine as well, and is not said to be freed", async () => {
  await using server = await new ScriptedServer({
    environments: { listLeases: () => ({ leases: [lease(LeaseState.HELD)] }) },
    locks: {
      release: ({ leaseId }) => {
        if (leaseId === "") throw refusal(Code.NotFound, "NOTHING_HELD", "nothing is held there");
        return { lease: lease(LeaseState.ENDED, { endReason: EndReason.EXPIRED }), alreadyEnded: true };
      },
    },
  }).start();
  const env = { CALL_ME_URL: server.url };
  const nothing = "call-me: nothing was held on uat\n";
  expect(await type(["release", "uat"], env)).toEqual({ code: 0, stdout: FREED, stderr: nothing });
  expect(await type(["release", "uat", "--expect-held"], env)).toEqual({ code: 6, stdout: "", stderr: nothing });
  const ended = "call-me: lease L1 had already ended: expired\n";
  expect(await type(["release", "--lease", "A"], env)).toEqual({ code: 0, stdout: "", stderr: ended });
  expect(await type(["release", "--lease", "A", "--expect-held"], env)).toEqual({ code: 6, stdout: "", stderr: ended });
});

test("a release whose first answer was lost on the way has freed the slot all the same", async () => {
  let tries = 0;
  await using server = await new ScriptedServer({
    locks: {
      release: () => {
        if (++tries === 1) server.cut();
        return { lease: RELEASED, alreadyEnded: tries > 1 };
      },
    },
  }).start();
  const { code, stdout, stderr } = await type(["release", "--lease", "L1"], { CALL_ME_URL: server.url }, { pace: { patience: 5_000 } });
  expect({ code, stdout, stderr, tries }).toEqual({ code: 0, stdout: FREED, stderr: "", tries: 2 });
});

test.each([
  ["waits in line again", lease(LeaseState.ENDED, { endReason: EndReason.WITHDRAWN })],
  ["was granted anew", lease(LeaseState.ENDED, { endReason: EndReason.RELEASED, environments: [{ name: "uat", fencingToken: 8n }] })],
])("a lease that was taken back, and %s, was lost", async (_, ended) => {
  await using server = await new ScriptedServer({ locks: { release: () => ({ lease: ended }) } }).start();
  const env = { CALL_ME_URL: server.url, CALL_ME_LEASE_ID: "L1", CALL_ME_FENCING_TOKEN: "7" };
  expect((await type(["release", "--expect-held"], env)).code).toBe(6);
  expect((await type(["release"], env)).code).toBe(0);
});

test("a place in line is given up without a word of slots", async () => {
  await using server = await new ScriptedServer({
    locks: { release: () => ({ lease: lease(LeaseState.ENDED, { endReason: EndReason.WITHDRAWN }) }) },
  }).start();
  const { code, stdout, stderr } = await type(["release", "--lease", "L1"], { CALL_ME_URL: server.url });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "call-me: lease L1 gave up its place in line\n" });
});

test("what another principal holds ends with 5", async () => {
  const release = () => {
    throw refusal(Code.PermissionDenied, "NOT_YOURS", "lease Z belongs to ada");
  };
  await using server = await new ScriptedServer({ locks: { release } }).start();
  const { code, stderr } = await type(["release", "--lease", "Z"], { CALL_ME_URL: server.url });
  expect({ code, stderr }).toEqual({ code: 5, stderr: "call-me: not yours: lease Z belongs to ada\n" });
});

test("a lease token that is asked for more than its lease ends with 3", async () => {
  const listLeases = () => {
    throw refusal(Code.PermissionDenied, "TOKEN_TOO_NARROW", "a lease token opens its own lease only");
  };
  await using server = await new ScriptedServer({ environments: { listLeases } }).start();
  const { code, stderr } = await type(["release", "uat"], { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: "cml_L1_x" });
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr:
      "call-me: a lease token opens its own lease only: in a command of exec, or with the lease_token alone, set CALL_ME_API_KEY, or give --key-file\n",
  });
});

test("a server that stays unavailable is given up, with what it said", async () => {
  const release = () => {
    throw refusal(Code.Unavailable, "STORAGE_FULL", "the disk is full");
  };
  await using server = await new ScriptedServer({ locks: { release } }).start();
  const { code, stderr } = await type(["release", "--lease", "L1"], { CALL_ME_URL: server.url });
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot serve this now: the disk is full\. Try again later/);
});

test.each(["DRAINING", "OVERLOADED"] as const)("a server that refuses with %s for now is asked again", async (reason) => {
  let tries = 0;
  const release = () => {
    if (++tries < 3) throw failure(reason, "not now");
    return { lease: RELEASED };
  };
  await using server = await new ScriptedServer({ locks: { release } }).start();
  const { code } = await type(["release", "--lease", "L1"], { CALL_ME_URL: server.url }, { pace: { patience: 5_000 } });
  expect(code).toBe(0);
  expect(tries).toBe(3);
});
