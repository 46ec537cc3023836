// with-lock.sh in a job that has no key, but a token that says which job it is.
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { finish } from "../cli/plumbing.ts";
import { until } from "../cli/wrapped.ts";
import { clientsOf } from "../outside/clients.ts";
import { KeylessServer } from "./job-tokens.ts";

let keyless: KeylessServer;
beforeAll(async () => {
  keyless = await KeylessServer.start();
});
afterAll(() => keyless[Symbol.asyncDispose]());

function start(args: string[], more: Record<string, string>): ChildProcess {
  const env = { PATH: process.env["PATH"], CALL_ME_WAIT: "1s", CALL_ME_URL: keyless.server.url, ...more };
  return spawn("sh", [path.resolve("integrations/plain/with-lock.sh"), ...args], { env });
}

test("without a key the job's token takes its place in line, and the lease's token keeps it, when the job's is good no more", async () => {
  const tokens = keyless.tokens.get("github");
  const more = { ...tokens?.env };
  const { locks } = clientsOf(keyless.server);
  const { lease: other } = await locks.acquire({ environment: "uat-plain" });
  const child = start(["uat-plain", "sh", "-c", 'env | grep -c "^CALL_ME_ID_TOKEN="'], more);
  const end = finish(child);
  await until(async () => (await locks.check({ environment: "uat-plain" })).environments[0]?.queueLength === 1);
  keyless.changes = { ref: "refs/heads/gone" };
  await locks.release({ leaseId: other?.id ?? "" });
  expect(await end).toMatchObject({ code: 1, stdout: "0\n" });
  expect(tokens?.asked).toEqual([{ audience: keyless.server.url, bearer: "Bearer ask-for-me" }]);
  const { leases } = await clientsOf(keyless.server).environments.listLeases({
    filter: { environment: "uat-plain", states: [LeaseState.ENDED] },
  });
  expect(leases.find(({ id }) => id !== other?.id)).toMatchObject({
    principal: "oidc:github-shop-main:1296269",
    endReason: EndReason.RELEASED,
  });
  // From the start it is of no use.
  expect(await finish(start(["uat-plain", "true"], more))).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/token of this job.*CALL_ME_ACCESS/),
  });
});

test("a token that the pipeline gives does, and is not the command's; in clear text to another machine none is sent", async () => {
  const token = (await keyless.tokens.get("gitlab")?.token(keyless.server.url, 300)) ?? "";
  const more = { CALL_ME_ID_TOKEN: token };
  const end = await finish(start(["uat-given", "sh", "-c", 'echo "[$CALL_ME_ID_TOKEN]"'], more));
  expect(end).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
  for (const url of ["http://call-me.invalid:8000", "http://127.evil.invalid", "http://localhost.invalid"])
    expect(await finish(start(["uat", "true"], { ...more, CALL_ME_URL: url }))).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("clear text"),
    });
});
