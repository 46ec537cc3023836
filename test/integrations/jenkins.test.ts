// integrations/jenkins and the files of docs/ci/jenkins.md, run by the Groovy of Jenkins on the steps of pipeline.groovy.
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { JOBS } from "../cli/jobs.ts";
import { ended, leaseOf, until } from "../cli/wrapped.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { groovy, missingGroovy } from "./groovy.ts";
import { Machine } from "./machine.ts";
import { files } from "./pages.ts";

const missing = await missingGroovy();
if (missing !== undefined) console.warn(`!!! the tests of the Jenkins library are skipped: ${missing}`);

const HOLDER = { name: "web #3", runUrl: "https://j/job/web/3/" };
const FILES = files().filter(({ page }) => page === "jenkins");

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Starts a Jenkinsfile as a build; its exit code. The key is a credential. */
function build(machine: Machine, jenkinsfile: string): Promise<number | null> {
  const directory = machine.directory();
  const file = path.join(directory, "Jenkinsfile");
  writeFileSync(file, jenkinsfile);
  const env = { ...JOBS["Jenkins"]?.env, CALL_ME_URL: server.url, SECRET_call_me: server.key };
  return machine.spawn("java", groovy("test/integrations/pipeline.groovy", path.resolve("integrations/jenkins"), file), env, directory);
}

/** A build of its own environment, whose body is given. */
function held(machine: Machine, body: string, options = ""): Promise<number | null> {
  return build(machine, `return callMe('${machine.environment}', credentialsId: 'call-me', ${options}ttl: '12s') {\n${body}\n}`);
}

async function endOf(machine: Machine): Promise<{ reason: number }> {
  const lease = await leaseOf(server, machine.made[0]?.holders[0]?.leaseId ?? "");
  expect(lease.state, machine.stderr).toBe(LeaseState.ENDED);
  return { reason: lease.endReason };
}

describe.skipIf(missing !== undefined)("in Jenkins", { concurrent: true, timeout: 60_000 }, () => {
  test.each(FILES.map((file) => [file.at, file.text] as const))(
    "file %s of the page holds the environment and gives it back",
    async (at, text) => {
      await using machine = new Machine(server, `jenkins-page-${at}`);
      const code = await build(machine, text.replaceAll("https://call-me.example", server.url).replaceAll(/\buat\b/g, machine.environment));
      expect(code, machine.stdout + machine.stderr).toBe(0);
      for (const { holders, key } of machine.made) {
        expect(holders).toMatchObject([{ holder: HOLDER }]);
        expect(key).toBe("");
      }
      expect(machine.made.map(({ args }) => args)).toEqual(at === 0 ? ["acceptance"] : ["deploy", "acceptance"]);
      expect(await endOf(machine)).toEqual({ reason: EndReason.RELEASED });
    },
  );

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

  test("a restart of the controller at any step changes nothing", async () => {
    await using machine = new Machine(server, "jenkins-restarted");
    const code = await machine.spawn("java", groovy("test/integrations/restart.groovy", path.resolve("integrations/jenkins")), {});
    expect(code, machine.stderr).toBe(0);
    const acquire = "call-me acquire --output dotenv 'uat' 'db:2' --ttl='3s' --queue-timeout='2h' --reason='it'\\''s'";
    const held = [acquire, "call-me renew", "make acceptance", "call-me release", "RESULT 42"];
    const lost = "FAILURE callMe: the lease on uat, db:2 was lost";
    // The second renewal fails, the third finds the lease ended.
    const renewal = [acquire, "call-me renew", "call-me renew", "call-me renew", "call-me release", "echo", lost];
    const lines = [...held.map((line) => `held: ${line}`), ...renewal.map((line) => `renewal: ${line}`)];
    expect(machine.stdout.trim().split("\n")).toEqual(lines);
  });
});
