// The GitHub Action, run as the runner runs it: the same file as step and post step, with its variables, files and signals.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { readInputs } from "../../integrations/github/inputs.ts";
import { marked } from "../cli/replay.ts";
import { ended, heldBeyond, leaseOf, until } from "../cli/wrapped.ts";
import { clientsOf, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { KeylessServer } from "./job-tokens.ts";
import { action, finish, Job, says } from "./runner.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start({ CALL_ME_SECRET_DB: "hunter2%" });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Long enough for what renews to begin, on a busy machine too. */
const TTL = "20s";

describe.concurrent("the GitHub Action", () => {
  test("holds from the step to the post step, and renews meanwhile", async () => {
    using job = new Job(server);
    const taken = await finish(job.step({ environment: "hold-a hold-b", ttl: TTL, reason: "smoke" }));
    expect(taken.code, taken.log).toBe(0);
    const token = job.read("OUTPUT")["lease-token"] ?? "";
    expect(taken.log).toContain(`::add-mask::${token}`);
    expect(taken.log.replace(`::add-mask::${token}`, "")).not.toContain(token);
    const lease = await leaseOf(server, job.leaseId);
    expect(lease).toMatchObject({
      state: LeaseState.HELD,
      reason: "smoke",
      holder: { name: "shop/web #4", job: "e2e", runUrl: "https://github.com/shop/web/actions/runs/99" },
    });
    expect(job.read("ENV")).toEqual({
      CALL_ME_URL: server.url,
      CALL_ME_LEASE_ID: job.leaseId,
      CALL_ME_LEASE_TOKEN: token,
      CALL_ME_ENVIRONMENT: "hold-a,hold-b",
      CALL_ME_SLOTS: "0,0",
      CALL_ME_FENCING_TOKEN: `${lease.environments[0]?.fencingToken}`,
    });
    const first = lease.expiresAt?.seconds ?? 0n;
    await heldBeyond(server, job.leaseId, first + 4n);
    // Once more, so that what renews has said that it does.
    const second = (await leaseOf(server, job.leaseId)).expiresAt?.seconds ?? 0n;
    await heldBeyond(server, job.leaseId, second + 4n);
    const given = await job.post();
    expect(given.code, given.log).toBe(0);
    expect(given.log).toContain("keeping lease");
    expect((await leaseOf(server, job.leaseId)).endReason).toBe(EndReason.RELEASED);
  });

  test("without a key the job's own token takes, and the lease's token does all else", async () => {
    await using keyless = await KeylessServer.start();
    const tokens = keyless.tokens.get("github");
    using job = new Job({ url: keyless.server.url, key: "" }, tokens?.env);
    const taken = await finish(job.step({ environment: "uat-action", ttl: TTL }));
    expect(taken.code, taken.log).toBe(0);
    const lease = await leaseOf(keyless.server, job.leaseId);
    expect(lease).toMatchObject({ principal: "oidc:github-shop-main:1296269", holder: { repository: "acme/shop" } });
    const [token = ""] = tokens?.tokens ?? [];
    expect(taken.log).toContain(`::add-mask::${token}`);
    expect(taken.log.replace(`::add-mask::${token}`, "")).not.toContain(token);
    await heldBeyond(keyless.server, job.leaseId, (lease.expiresAt?.seconds ?? 0n) + 2n);
    // From now on nobody is let in by a token: the job was cancelled.
    keyless.changes = { ref: "refs/heads/gone" };
    const given = await job.post();
    expect(given.code, given.log).toBe(0);
    expect((await leaseOf(keyless.server, job.leaseId)).endReason).toBe(EndReason.RELEASED);
    expect(tokens?.asked).toHaveLength(1);
  });

  test("later steps find what the environment gives, and what is secret of it only in a script of the action's own", async () => {
    const variables = { url: { value: "https://uat.example/?a=b" }, PASSWORD: { fromEnv: "CALL_ME_SECRET_DB", secret: true } };
    await clientsOf(server).environments.applyEnvironments({ environments: [{ name: "giving", variables }] });
    using job = new Job(server);
    const taken = await finish(job.step({ environment: "giving" }));
    expect(taken.code, taken.log).toBe(0);
    for (const file of ["ENV", "OUTPUT"] as const) {
      expect(job.read(file)).toMatchObject({ CALL_ME_VAR_url: "https://uat.example/?a=b" });
      expect(JSON.stringify(job.read(file))).not.toContain("hunter2");
    }
    expect(taken.log).toContain("::add-mask::hunter2%25");
    expect(taken.log).toContain("not handed on, since a file cannot keep it or must not: CALL_ME_VAR_PASSWORD");
    await job.post();
    const script = await finish(job.step({ environment: "giving", run: 'test "$CALL_ME_VAR_PASSWORD" = "hunter2%"' }));
    expect(script.code, script.log).toBe(0);
  });

  test("what was not acquired fails the step, and leaves the post step nothing to do", async () => {
    using job = new Job(server);
    const { code, log } = await finish(job.step({ environment: "small=2\nother" }));
    expect([code, log]).toEqual([4, expect.stringContaining("unsatisfiable: small")]);
    expect(await job.post()).toEqual({ code: 0, log: "" });
  });

  test("what is busy fails the step with fail-if-busy, which says who has it, and leaves nobody in line", async () => {
    const { locks } = clientsOf(server);
    await locks.acquire({ environment: "busy", holder: { name: "checkout #7" } });
    using job = new Job(server);
    const { code, log } = await finish(job.step({ environment: "busy", "fail-if-busy": "true", wait: "1s" }));
    expect([code, log]).toEqual([4, expect.stringContaining("not acquired: busy busy, held by checkout #7 for ")]);
    expect((await locks.check({ environment: "busy" })).environments[0]?.queueLength).toBe(0);
    expect(await job.post()).toEqual({ code: 0, log: "" });
  });

  test("without a ttl the lease outlives the runner by a minute, as action.yml says", async () => {
    using job = new Job(server);
    expect((await finish(job.step({ environment: "defaults" }))).code).toBe(0);
    expect((await leaseOf(server, job.leaseId)).ttl?.seconds).toBe(60n);
    expect((await job.post()).code).toBe(0);
  });

  test("a job that lost its environment fails, and says why", async () => {
    using job = new Job(server);
    expect((await finish(job.step({ environment: "lost" }))).code).toBe(0);
    await clientsOf(server).environments.forceRelease({ leaseId: job.leaseId, reason: "fire drill" });
    const { code, log } = await job.post();
    expect([code, log]).toEqual([6, expect.stringMatching(/^::error title=call-me::the lease was lost /m)]);
    expect(log).toContain("fire drill");
  });

  test("a step that gave it back itself leaves the post step nothing to do", async () => {
    using job = new Job(server);
    expect((await finish(job.step({ environment: "early" }))).code).toBe(0);
    await clientsOf({ url: server.url, key: job.read("OUTPUT")["lease-token"] ?? "" }).locks.release({ leaseId: job.leaseId });
    expect((await job.post()).code).toBe(0);
  });

  test("when the runner dies nobody renews any more, and the lease ends by itself", async () => {
    using job = new Job(server);
    const worker = job.step({ environment: "dead-runner", ttl: "2s" }, ["bash", "-c", '"$@"; echo "step: $?"; read -r end', "worker"]);
    await says(worker, "step: 0");
    const end = ended(server, job.leaseId);
    worker.kill("SIGKILL");
    expect((await end).reason).toBe(EndReason.EXPIRED);
  });

  test("a runner that dies while the step waits leaves no place in line behind", async () => {
    using job = new Job(server);
    const { locks } = clientsOf(server);
    const { lease } = await locks.acquire({ environment: "dead-waiting", ttl: seconds(60) });
    const worker = job.step({ environment: "dead-waiting" }, ["bash", "-c", '"$@"; echo "step: $?"', "worker"]);
    await says(worker, "position 1");
    worker.kill("SIGKILL");
    await until(async () => (await locks.check({ environment: "dead-waiting" })).environments[0]?.queueLength === 0, 100);
    await locks.release({ leaseId: lease?.id ?? "" });
  });

  test("nothing of it is left on the runner after the post step", async () => {
    using job = new Job(server);
    expect((await finish(job.step({ environment: "tidy" }))).code).toBe(0);
    const mark = `RUNNER_TEMP=${job.folder}`;
    await until(() => marked(mark).length === 1);
    expect((await job.post()).code).toBe(0);
    await until(() => marked(mark).length === 0);
  });

  test("cancelled while it waits, it leaves the line, and the post step finds nothing", async () => {
    using job = new Job(server);
    const { locks } = clientsOf(server);
    const { lease } = await locks.acquire({ environment: "line", ttl: seconds(60) });
    const step = job.step({ environment: "line" });
    const end = finish(step);
    await says(step, "position 1");
    step.kill("SIGINT");
    expect((await end).code).toBe(130);
    expect(await job.post()).toEqual({ code: 0, log: "" });
    const { environments } = await locks.check({ environment: "line" });
    expect(environments[0]).toMatchObject({ used: 1, queueLength: 0 });
    await locks.release({ leaseId: lease?.id ?? "" });
  });

  test("with `run` it holds for a script, which sees neither key nor inputs", async () => {
    using job = new Job(server);
    const run = 'env\necho "held: $CALL_ME_ENVIRONMENT" | cat\nfalse | true\necho never';
    const { code, log } = await finish(job.step({ environment: "script", run }));
    expect([code, log]).toEqual([1, expect.stringContaining("held: script")]);
    expect(log).not.toContain("never");
    expect(log).not.toContain(server.key);
    expect(log).not.toContain("INPUT_");
    expect((await clientsOf(server).locks.check({ environment: "script" })).available).toBe(true);
    expect((await job.post()).code).toBe(0);
  });

  test("with `run`, cancelled: the script is told at once, and the environment given back", async () => {
    using job = new Job(server);
    const step = job.step({ environment: "cancelled", run: "trap 'echo told; exit 0' INT\necho running\nwhile :; do sleep 0.05; done" });
    const end = finish(step);
    await says(step, "running");
    step.kill("SIGINT");
    expect(await end).toEqual({ code: 0, log: expect.stringContaining("told") });
    expect((await clientsOf(server).locks.check({ environment: "cancelled" })).available).toBe(true);
  });

  test("without an environment it only puts the command line on the PATH", async () => {
    using job = new Job(server);
    expect((await finish(job.step({}))).code).toBe(0);
    const folder = readFileSync(job.files.PATH, "utf8").trim();
    const child = spawn(path.join(folder, "call-me"), ["check", "free"], {
      env: { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key },
    });
    expect((await finish(child)).code).toBe(0);
    expect((await job.post()).code).toBe(0);
  });

  test.each([
    [{ environment: "x", url: "" }, /input url is missing/],
    [{ environment: "x --url=http://127.0.0.1:9" }, /input environment has "--url=/],
    [{ run: "true" }, /input environment is missing/],
    [{ environment: "x", "fail-if-busy": "yes" }, /input fail-if-busy is "yes"/],
    [{ environment: "x", "keep-on-failure": "1h" }, /keep-on-failure needs `run`/],
    [{ environment: "x", ttl: "soon" }, /--ttl.*soon/],
  ])("a wrong input is named: %j", async (inputs, words) => {
    using job = new Job(server);
    expect(await finish(job.step(inputs))).toEqual({ code: 2, log: expect.stringMatching(words) });
    expect((await job.post()).code).toBe(0);
  });
});

/** Every input that the action looks at. */
function inputsRead(): string[] {
  const read = new Set<string>();
  const env = new Proxy({ INPUT_ENVIRONMENT: "uat", INPUT_RUN: "true", INPUT_URL: "http://127.0.0.1:8000" } as Record<string, string>, {
    get: (target, name) => {
      if (String(name).startsWith("INPUT_")) read.add(String(name).replace("INPUT_", "").toLowerCase());
      return Reflect.get(target, name);
    },
  });
  readInputs(env);
  return [...read];
}

test("its description names the file that there is, and every input that is read", () => {
  expect(Object.keys(action.inputs).sort()).toEqual(inputsRead().sort());
  expect(action.runs).toEqual({ using: "node24", main: "index.js", post: "index.js" });
  expect(Object.keys(action.outputs)).toEqual(["lease-id", "lease-token", "environment", "slots", "fencing-token"]);
});
