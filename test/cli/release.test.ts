import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Outcome, type ReleaseRequest } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, LeaseState, OccupantSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { lease, refusal, ScriptedServer } from "./fake.ts";
import { type } from "./terminal.ts";

const GITHUB = { GITHUB_SERVER_URL: "https://gh", GITHUB_REPOSITORY: "shop/web", GITHUB_RUN_ID: "99" };
const OURS = "https://gh/shop/web/actions/runs/99";
const FREED = "slot has been freed for environment: uat\n";
const RELEASED = lease(LeaseState.ENDED, { endReason: EndReason.RELEASED });

/** A server where these runs hold uat ("" for a holder without a run); its lease ids are A, B, … */
async function heldBy(...runUrls: string[]) {
  const requests: ReleaseRequest[] = [];
  const holders = runUrls.map((runUrl, at) =>
    create(OccupantSchema, { leaseId: String.fromCharCode(65 + at), holder: { name: "x", runUrl } }),
  );
  const server = await new ScriptedServer({
    locks: {
      check: () => ({ available: false, environments: [{ name: "uat", holders }] }),
      getLease: ({ leaseId }) => ({ lease: lease(LeaseState.HELD, { id: leaseId }) }),
      release: (request) => {
        requests.push(request);
        return { lease: RELEASED };
      },
    },
  }).start();
  return { server, requests };
}

test.each([
  ["the run that holds it", [OURS], {}, "A"],
  ["the run that holds one of its slots", ["https://other/1", OURS, ""], {}, "B"],
  ["somebody, when the holder gave no run", [""], {}, "A"],
  ["a run given by hand", ["https://ci/1"], { args: ["--run-url", "https://ci/1"] }, "A"],
])("release ENV by %s ends exactly that lease", async (_, runs, { args = [] }: { args?: string[] }, expected) => {
  const { server, requests } = await heldBy(...runs);
  await using _server = server;
  expect(await type(["release", "uat", ...args], { ...GITHUB, CALL_ME_URL: server.url })).toEqual({ code: 0, stdout: FREED, stderr: "" });
  expect(requests).toMatchObject([{ leaseId: expected, environment: "" }]);
});

test.each([
  ["another run", GITHUB],
  ["no run at all", {}],
])("release ENV by %s is refused with 5, naming the holder and the way", async (_, env) => {
  const { server, requests } = await heldBy("https://other/1");
  await using _server = server;
  const { code, stdout, stderr } = await type(["release", "uat"], { ...env, CALL_ME_URL: server.url });
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  expect(stderr).toMatch(/not yours: uat is held by another run: lease A of x \(https:\/\/other\/1\)\. .*--lease/);
  expect(requests).toEqual([]);
});

test("where no holder gave a run the server decides which lease is ours", async () => {
  const { server, requests } = await heldBy("", "");
  await using _ = server;
  expect((await type(["release", "uat"], { CALL_ME_URL: server.url })).code).toBe(0);
  expect(requests).toMatchObject([{ leaseId: "", environment: "uat" }]);
});

test("the lease in CALL_ME_LEASE_ID comes first, opened with its token alone", async () => {
  const { server, requests } = await heldBy("https://other/1");
  await using _ = server;
  const env = { CALL_ME_URL: server.url, CALL_ME_LEASE_ID: "mine", CALL_ME_LEASE_TOKEN: "cml_mine_x" };
  expect(await type(["release", "uat", "--outcome", "broken", "--note", "disk full"], env)).toMatchObject({ code: 0, stdout: FREED });
  expect(requests).toMatchObject([{ leaseId: "mine", outcome: Outcome.BROKEN, note: "disk full" }]);
  const other = await type(["release", "staging"], env);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("CALL_ME_LEASE_ID mine is a lease on uat, not on staging");
  expect(requests).toHaveLength(1);
});

test("release --lease ends that lease, whoever holds what", async () => {
  const { server, requests } = await heldBy("https://other/1");
  await using _ = server;
  expect(await type(["release", "--lease", "Z"], { CALL_ME_URL: server.url })).toEqual({ code: 0, stdout: FREED, stderr: "" });
  expect(requests).toMatchObject([{ leaseId: "Z" }]);
});

test("freeing what is free is fine, with a word about it", async () => {
  const { server } = await heldBy();
  await using _ = server;
  const env = { CALL_ME_URL: server.url };
  expect(await type(["release", "uat"], env)).toEqual({ code: 0, stdout: FREED, stderr: "nothing was held on uat\n" });
  expect(JSON.parse((await type(["release", "uat", "--json"], env)).stdout)).toEqual({ alreadyEnded: true });
});

test("what ended in between is fine as well", async () => {
  await using server = await new ScriptedServer({
    locks: {
      check: () => ({ environments: [{ name: "uat", holders: [{ leaseId: "A" }, { leaseId: "B" }] }] }),
      release: ({ leaseId }) => {
        if (leaseId === "") throw refusal(Code.NotFound, "NOTHING_HELD", "nothing is held there");
        return { lease: lease(LeaseState.ENDED, { endReason: EndReason.EXPIRED }), alreadyEnded: true };
      },
    },
  }).start();
  const env = { CALL_ME_URL: server.url };
  expect(await type(["release", "uat"], env)).toEqual({ code: 0, stdout: FREED, stderr: "nothing was held on uat\n" });
  expect((await type(["release", "uat", "--expect-held"], env)).code).toBe(6);
  expect(await type(["release", "--lease", "A"], env)).toEqual({ code: 0, stdout: FREED, stderr: "lease L1 had already ended: expired\n" });
  expect((await type(["release", "--lease", "A", "--expect-held"], env)).code).toBe(6);
});

test("a place in line is given up without a word of slots", async () => {
  await using server = await new ScriptedServer({
    locks: { release: () => ({ lease: lease(LeaseState.ENDED, { endReason: EndReason.WITHDRAWN }) }) },
  }).start();
  const { code, stdout, stderr } = await type(["release", "--lease", "L1"], { CALL_ME_URL: server.url });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "lease L1 gave up its place in line\n" });
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
  const check = () => {
    throw refusal(Code.PermissionDenied, "TOKEN_TOO_NARROW", "a lease token opens its own lease only");
  };
  await using server = await new ScriptedServer({ locks: { check } }).start();
  const { code, stderr } = await type(["release", "uat"], { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: "cml_L1_x" });
  expect({ code, stderr }).toEqual({ code: 3, stderr: "call-me: this key may not do that: a lease token opens its own lease only\n" });
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

test("an unavailable server is asked again", async () => {
  let tries = 0;
  const release = () => {
    if (++tries < 3) throw refusal(Code.Unavailable, "DRAINING", "stopping");
    return { lease: RELEASED };
  };
  await using server = await new ScriptedServer({ locks: { release } }).start();
  const { code } = await type(["release", "--lease", "L1"], { CALL_ME_URL: server.url }, { pace: { patience: 5_000 } });
  expect(code).toBe(0);
  expect(tries).toBe(3);
});
