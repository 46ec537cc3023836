// integrations/jenkins and the files of docs/ci/jenkins.md, run by the Groovy of Jenkins on the steps of pipeline.groovy.
import { randomUUID } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { JOBS } from "../cli/jobs.ts";
import { CANCELS, send } from "../cli/replay.ts";
import { ended, leaseOf, until } from "../cli/wrapped.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { groovy, missingGroovy } from "./groovy.ts";
import { KeylessServer } from "./job-tokens.ts";
import { Machine } from "./machine.ts";
import { files } from "./pages.ts";

const missing = await missingGroovy();
if (missing !== undefined) console.warn(`!!! the tests of the Jenkins library are skipped: ${missing}`);

const HOLDER = { name: "web #3", runUrl: "https://j/job/web/3/" };
/** In seconds. */
const TTLS: Readonly<Record<string, number>> = { "2m": 120, "10m": 600, "1h": 3600 };
const FILES = files().filter(({ page }) => page === "jenkins");

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Starts a Jenkinsfile as a build; its exit code. The key is a credential. `cookie`: what all processes of its steps bear. */
async function build(machine: Machine, jenkinsfile: string, cookie = ""): Promise<number | null> {
  const directory = machine.directory();
  const file = path.join(directory, "Jenkinsfile");
  writeFileSync(file, jenkinsfile);
  const env = { ...JOBS["Jenkins"]?.env, CALL_ME_URL: machine.server.url, SECRET_call_me: server.key, SECRET_cookie: cookie };
  const identified = machine.tokens && { SECRET_id_token: await machine.tokens.token(machine.server.url, 300) };
  const args = groovy("test/integrations/pipeline.groovy", path.resolve("integrations/jenkins"), file);
  return await machine.spawn("java", args, { ...env, ...identified }, directory);
}

function onThisServer(text: string, machine: Machine): string {
  return text.replaceAll("https://call-me.example", server.url).replaceAll(/\buat\b/g, machine.environment);
}

/** A build of its own environment, whose body is given. */
function held(machine: Machine, body: string, options = ""): Promise<number | null> {
  return build(machine, `return callMe('${machine.environment}', credentialsId: 'call-me', ${options}ttl: '5m') {\n${body}\n}`);
}

async function endOf(machine: Machine): Promise<{ reason: number }> {
  const lease = await leaseOf(server, machine.made[0]?.holders[0]?.leaseId ?? "");
  expect(lease.state, machine.stderr).toBe(LeaseState.ENDED);
  return { reason: lease.endReason };
}

describe.skipIf(missing !== undefined)("in Jenkins", { concurrent: true }, () => {
  test.each(FILES.map((file) => [file.at, file.text] as const))(
    "file %s of the page holds the environment and gives it back",
    async (at, text) => {
      await using machine = new Machine(server, `jenkins-page-${at}`);
      const code = await build(machine, onThisServer(text, machine));
      expect(code, machine.stdout + machine.stderr).toBe(0);
      for (const { holders, key } of machine.made) {
        expect(holders).toMatchObject([{ holder: HOLDER }]);
        expect(key).toBe("");
      }
      expect(machine.made.map(({ args }) => args)).toEqual(at === 0 ? ["acceptance"] : ["deploy", "acceptance"]);
      expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
    },
  );

  test("without a key it takes by a token that is signed for the build, which the body does not see", async () => {
    await using keyless = await KeylessServer.start();
    await using machine = new Machine(keyless.server, "uat-jenkins", keyless.tokens.get("gitlab"));
    const options = "idTokenCredentialsId: 'id-token', ttl: '5m'";
    const code = await build(machine, `return callMe('uat-jenkins', ${options}) {\nsh 'make "[$CALL_ME_ID_TOKEN]"'\n}`);
    expect(code, machine.stdout + machine.stderr).toBe(0);
    expect(machine.made.map(({ args }) => args)).toEqual(["[]"]);
    const lease = await leaseOf(keyless.server, machine.made[0]?.holders[0]?.leaseId ?? "");
    expect(lease).toMatchObject({ principal: "oidc:gitlab-shop-protected:20", endReason: EndReason.RELEASED });
  });

  test("a renewal that fails is tried again while the body runs, and callMe returns what the body returns", async () => {
    await using machine = new Machine(server, "jenkins-renewed");
    const [first = "", failed = "", renewals = ""] = ["first", "failed", "renewals"].map((name) => path.join(machine.directory(), name));
    // The first renewal comes before the body; the second one fails.
    machine.program(
      "flaky",
      `if [ "$1" = renew ]; then`,
      `  if [ -e ${first} ] && [ ! -e ${failed} ]; then touch ${failed}; exit 1; fi`,
      `  touch ${first}; echo x >> ${renewals}`,
      `fi`,
      `exec call-me "$@"`,
    );
    const body = `sh 'make acceptance; until [ "$(grep -c x ${renewals})" -ge 2 ]; do sleep 0.1; done'\nsh 'make again'\nreturn 'what came of it'`;
    expect(await held(machine, body, "cli: 'flaky', "), machine.stdout + machine.stderr).toBe(0);
    expect(machine.stdout).toContain("RESULT what came of it");
    expect(existsSync(failed)).toBe(true);
    expect(machine.made.map(({ args }) => args)).toEqual(["acceptance", "again"]);
    expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
  });

  test("a body that fails fails the build, and the environment is given back", async () => {
    await using machine = new Machine(server, "jenkins-failed");
    expect(await held(machine, "sh 'make acceptance; exit 7'")).toBe(1);
    expect(machine.stdout).toContain("FAILURE: script returned exit code 7");
    expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
  });

  test("a lease that is taken away stops the body and fails the build", async () => {
    await using machine = new Machine(server, "jenkins-lost");
    machine.stall();
    const end = held(machine, "sh 'make acceptance'\nsh 'make never'");
    const leaseId = await machine.making();
    await clientsOf(server).environments.forceRelease({ leaseId, reason: "the desk is on fire" });
    expect(await end, machine.stdout + machine.stderr).toBe(1);
    expect(machine.stdout).toContain("FAILURE: callMe: the lease on jenkins-lost was lost");
    expect(machine.made).toHaveLength(1);
  });

  test("an abort stops the body and gives the environment back", async () => {
    await using machine = new Machine(server, "jenkins-aborted");
    machine.stall();
    const end = held(machine, "sh 'make acceptance'");
    const leaseId = await machine.making();
    machine.type("abort");
    expect(await ended(server, leaseId)).toMatchObject({ reason: EndReason.RELEASED });
    expect(await end, machine.stdout + machine.stderr).toBe(3);
  });

  test("an abort while it waits gives the place in line up", async () => {
    await using machine = new Machine(server, "jenkins-waiting");
    const { environment } = machine;
    await clientsOf(server).locks.acquire({ environment });
    const end = held(machine, "sh 'make never'");
    const queue = async () => (await clientsOf(server).locks.check({ environment })).environments[0]?.queueLength;
    await until(async () => (await queue()) === 1);
    machine.type("abort");
    expect(await end, machine.stdout + machine.stderr).toBe(3);
    expect(await queue()).toBe(0);
    expect(machine.made).toEqual([]);
  });

  test("an option that does not exist is refused before anything is taken", async () => {
    await using machine = new Machine(server, "jenkins-refused");
    expect(await held(machine, "sh 'make never'", "lock: true, ")).toBe(1);
    expect(machine.stdout).toContain("callMe: there is no option lock; there are ttl, queueTimeout");
    expect(machine.made).toEqual([]);
  });

  test("an environment whose name would be an option of the command line is refused", async () => {
    await using machine = new Machine(server, "jenkins-option");
    const code = await build(machine, `return callMe(['uat', '--url=http://127.0.0.1:1'], credentialsId: 'call-me') { sh 'make never' }`);
    expect(code).toBe(1);
    expect(machine.stdout).toContain("callMe: the name of an environment cannot begin with -: --url=http://127.0.0.1:1");
  });

  test("any environment with some labels is held, and the body knows which", async () => {
    await using machine = new Machine(server, "jenkins-any");
    const labels = { kind: "jenkins", tier: "uat" };
    await clientsOf(server).environments.applyEnvironments({ environments: [{ name: "jenkins-any", pool: "ci", labels, capacity: 3 }] });
    const options = "selector: 'kind in (jenkins,x),!slow', pool: 'ci', slots: 2, credentialsId: 'call-me'";
    const code = await build(machine, `return callMe([], ${options}) { sh 'make "$CALL_ME_ENVIRONMENT" "$CALL_ME_SLOTS"' }`);
    expect(code, machine.stdout + machine.stderr).toBe(0);
    expect(machine.made.map(({ args }) => args)).toEqual(["jenkins-any 0 1"]);
    expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
  });

  test("a ttl within which Jenkins may not stop the body in time is refused", async () => {
    await using machine = new Machine(server, "jenkins-short");
    expect(await build(machine, `return callMe('uat', credentialsId: 'call-me', ttl: '1m59s') { sh 'make never' }`)).toBe(1);
    expect(machine.stdout).toContain("callMe: ttl 1m59s is too short");
  });

  test.each([
    ["fail", "exit 1"],
    ["never return", "exec sleep 1000"],
  ])("when contact is lost and the renewals %s, the body is stopped and the build fails", async (how, renew) => {
    await using machine = new Machine(server, `jenkins-away-${renew.length}`);
    const first = path.join(machine.directory(), "first");
    machine.program("away", `if [ "$1" = renew ] && ! mkdir ${first}; then ${renew}; fi`, `exec call-me "$@"`);
    machine.stall();
    expect(await held(machine, "sh 'make acceptance'\nsh 'make never'", "cli: 'away', "), how).toBe(1);
    expect(machine.stdout).toContain(`FAILURE: callMe: the lease on ${machine.environment} could not be renewed in time`);
    expect(machine.made.map(({ args }) => args)).toEqual(["acceptance"]);
    expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
  });

  test("an abort during the release does not keep the environment", async () => {
    await using machine = new Machine(server, "jenkins-abort-release");
    const begun = path.join(machine.directory(), "begun");
    machine.program("slow", `if [ "$1" = release ] && [ ! -e ${begun} ]; then touch ${begun}; exec sleep 1000; fi`, `exec call-me "$@"`);
    const end = held(machine, "sh 'make acceptance'", "cli: 'slow', ");
    await until(() => existsSync(begun));
    machine.type("abort");
    expect(await end, machine.stdout + machine.stderr).toBe(3);
    expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
  });

  test("the body does not see the key, wherever the key comes from", async () => {
    await using machine = new Machine(server, "jenkins-key");
    const { environment } = machine;
    const pairs = ["CALL_ME_API_KEY", "API_KEY"].map((name) => `'${name}=${server.key}'`);
    const body = `sh 'make "acceptance $API_KEY"'`;
    expect(await build(machine, `withEnv([${pairs}]) { callMe('${environment}') { ${body} } }`), machine.stdout + machine.stderr).toBe(0);
    expect(machine.made).toMatchObject([{ args: "acceptance ", key: "" }]);
    expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
  });

  test("a step with plain `exec` that Jenkins cancels gives the environment back", async () => {
    await using machine = new Machine(server, "jenkins-cancelled");
    const cookie = randomUUID();
    machine.stall();
    const end = build(machine, onThisServer(FILES[0]?.text ?? "", machine), cookie);
    const leaseId = await machine.making();
    send(machine.pid, `JENKINS_NODE_COOKIE=${cookie}`, CANCELS.Jenkins.steps[0]);
    expect(await ended(server, leaseId)).toMatchObject({ reason: EndReason.RELEASED });
    expect(await end, machine.stdout + machine.stderr).toBe(1);
  });

  test("each branch can be saved and loaded again at every step, and the alarm comes before the lease can be over", async () => {
    await using machine = new Machine(server, "jenkins-restarted");
    const code = await machine.spawn("java", groovy("test/integrations/restart.groovy", path.resolve("integrations/jenkins")), {});
    expect(code, machine.stderr).toBe(0);
    const lines = machine.stdout.trim().split("\n");
    const acquire = "call-me acquire --output dotenv 'uat' 'db=2' --ttl='2m' --queue-timeout='2h' --reason='it'\\''s'";
    const held = [acquire, "call-me renew", "make acceptance", "call-me release", "RESULT 42"];
    expect(lines.filter((line) => line.startsWith("held"))).toEqual(held.map((line) => `held: ${line}`));
    const lost = "FAILURE callMe: the lease on uat, db=2 was lost";
    // The second renewal fails, the third finds the lease ended. Its last line says when.
    const renewal = [acquire, "call-me renew", "call-me renew", "call-me renew", "call-me release", "echo", lost];
    expect(lines.filter((line) => line.startsWith("renewal")).slice(0, -1)).toEqual(renewal.map((line) => `renewal: ${line}`));
    const alarms = [...machine.stdout.matchAll(/^alarm: (\w+) after (\d+)$/gm)].map(([, ttl = "", after]) => ({
      ttl,
      left: (TTLS[ttl] ?? 0) - Number(after),
    }));
    expect(alarms.map(({ ttl }) => ttl)).toEqual(Object.keys(TTLS));
    // An interrupted `sh` has up to 20 s to end.
    for (const { ttl, left } of alarms) expect([ttl, left >= 30 && left <= 45]).toEqual([ttl, true]);
  });
});
