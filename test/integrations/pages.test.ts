// Every complete file of docs/ci is parsed, and its scripts run as its CI system would run them, against the real server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { JOBS } from "../cli/jobs.ts";
import { CANCELS, type Step, send } from "../cli/replay.ts";
import { ended, leaseOf } from "../cli/wrapped.ts";
import { Server } from "../outside/server.ts";
import { KeylessServer } from "./job-tokens.ts";
import { Machine } from "./machine.ts";
import { accessRules, blocks, type File, files, parse } from "./pages.ts";
import { PLAYS } from "./systems.ts";

const FILES = files();

/** The holder that each page's jobs must be known by. */
const HOLDERS: Readonly<Record<string, { readonly name?: string; readonly runUrl?: string }>> = {
  github: pick("GitHub Actions"),
  gitlab: pick("GitLab"),
  buildkite: pick("Buildkite"),
  circleci: pick("CircleCI"),
  azure: pick("Azure Pipelines"),
  bitbucket: pick("Bitbucket Pipelines"),
  woodpecker: pick("Woodpecker"),
  teamcity: pick("TeamCity"),
  tekton: { name: "tekton ci/acceptance-x7" },
};

/** The first thing that happens to the step of a job that is cancelled, where a signal that can be caught comes to it. */
const CANCELLED: Readonly<Record<string, Step>> = {
  github: CANCELS.GitHub.steps[0],
  // gitlab-runner signals each process in the container, but its first.
  gitlab: { ...CANCELS["GitLab, docker executor"].steps[0], to: "marked" },
  buildkite: CANCELS.Buildkite.steps[0],
  azure: CANCELS.Azure.steps[0],
  tekton: CANCELS.Tekton.steps[0],
};

let server: Server;
/** For the files that do without a key. */
let keyless: KeylessServer;
beforeAll(async () => {
  server = await Server.start();
  keyless = await KeylessServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await keyless[Symbol.asyncDispose]();
});

function pick(system: string): object {
  const { holder = {} } = JOBS[system] ?? {};
  return Object.fromEntries(Object.entries(holder).filter(([name]) => name === "name" || name === "runUrl"));
}

/** Plays a file on an environment of its own. */
async function play(file: File, machine: Machine): Promise<void> {
  const text = file.text.replaceAll("https://call-me.example", machine.server.url).replaceAll(/\buat\b(?=["\s])/g, machine.environment);
  const documents = file.language === "yaml" ? parse(text) : [text];
  await PLAYS[file.page]?.(documents, machine);
}

function machineFor({ page, at, keyless: identified }: File, purpose: string): Machine {
  const environment = `uat-${page}-${at}-${purpose}`;
  return identified ? new Machine(keyless.server, environment, keyless.tokens.get(page)) : new Machine(server, environment);
}

const PLAYED = FILES.filter(({ page }) => page !== "jenkins");

test("every block of a page is a complete file, and is played here or with Jenkins", () => {
  expect(FILES.length + accessRules().size).toBe(blocks());
  expect(new Set(PLAYED.map(({ page }) => page))).toEqual(new Set(Object.keys(PLAYS)));
});

describe.concurrent("the command runs while its run holds the environment, which is given back then", () => {
  test.each(PLAYED.map((file) => [`${file.page} ${file.at}`, file] as const))("%s", async (_, file) => {
    await using machine = machineFor(file, "run");
    await play(file, machine);
    expect(machine.made.length).toBeGreaterThan(0);
    for (const { holders, key } of machine.made) {
      const { runUrl, ...holder } = HOLDERS[file.page] ?? {};
      // What the test's token proves is of another run than the test's variables tell of.
      expect(holders).toMatchObject([{ holder: file.keyless ? holder : HOLDERS[file.page] }]);
      expect(key, "the command sees no key").toBe("");
      const lease = await leaseOf(machine.server, holders[0]?.leaseId ?? "");
      const principal = file.keyless ? new RegExp(`^oidc:${file.page}-shop-`) : /^admin$/;
      expect(lease).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.RELEASED, principal: expect.stringMatching(principal) });
    }
    for (const token of machine.tokens?.tokens ?? [])
      expect(`${machine.stdout}${machine.stderr}`.replace(/::add-mask::.*/g, "")).not.toContain(token);
  });
});

describe.concurrent("the job that gives back fails with 6 when the lease was lost before", () => {
  const handed = PLAYED.filter(({ text }) => /call-me release/.test(text));
  test("in all systems that hand a lease on", () => {
    expect(handed.map(({ page }) => page)).toEqual(["azure", "buildkite", "circleci", "github", "gitlab", "tekton"]);
  });
  test.each(handed.map((file) => [file.page, file] as const))("%s", async (_, file) => {
    await using machine = machineFor(file, "lost");
    machine.loses();
    await expect(play(file, machine)).rejects.toThrow(/^exit code 6:\n.*call-me release --expect-held/s);
  });
});

test.each(PLAYED.filter(({ page }) => page === "tekton").map((file) => [file.name, file] as const))(
  "%s refuses an environment whose name would be an option of the command line",
  async (_, file) => {
    await using machine = machineFor(file, "option");
    const text = file.text.replaceAll(/value: uat$/gm, "value: --url=http://127.0.0.1:1");
    await expect(play({ ...file, text }, machine)).rejects.toThrow("exit code 2");
    expect(machine.stderr).toContain("the name of an environment cannot begin with -: --url=http://127.0.0.1:1");
  },
);

describe.concurrent("a job that is cancelled gives the environment back at once", () => {
  test.each(Object.entries(CANCELLED))("%s", async (page, step) => {
    const file = FILES.find((one) => one.page === page && / exec /.test(one.text));
    if (file === undefined) throw new Error(`${page} has no file`);
    await using machine = machineFor(file, "cancelled");
    machine.stall();
    const end = play(file, machine).then(
      () => "succeeded",
      () => "failed",
    );
    const leaseId = await machine.making();
    send(machine.pid, machine.mark, step);
    expect(await ended(server, leaseId)).toMatchObject({ reason: EndReason.RELEASED });
    expect(await end).toBe("failed");
  });
});
