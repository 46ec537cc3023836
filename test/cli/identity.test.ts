import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { describeHolder, describeJob } from "../../cli/ci/holder.ts";
import { HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Env, JOBS } from "./jobs.ts";

test.each(Object.entries(JOBS))("in %s the holder is the run, and the reason the job", (_, { env, holder, job }) => {
  expect(describeHolder(env, {})).toMatchObject({ ...holder, kind: HolderKind.PIPELINE });
  expect(describeJob(env)).toBe(job ?? "");
});

test.each(Object.entries(JOBS))("what is said goes before what %s tells", (_, { env }) => {
  const said = {
    CALL_ME_HOLDER: "me",
    CALL_ME_RUN_URL: "https://my/run",
    CALL_ME_REPOSITORY: "my/repo",
    CALL_ME_REF: "my-ref",
    CALL_ME_SHA: "my-sha",
    CALL_ME_JOB: "my-job",
    CALL_ME_ACTOR: "my-actor",
  };
  expect(describeHolder({ ...env, ...said }, {})).toMatchObject({
    name: "me",
    runUrl: "https://my/run",
    repository: "my/repo",
    ref: "my-ref",
    sha: "my-sha",
    job: "my-job",
    actor: "my-actor",
  });
  expect(describeHolder({ ...env, ...said }, { name: "I", runUrl: "https://i" })).toMatchObject({ name: "I", runUrl: "https://i" });
});

test('variables that are missing leave gaps, and no "undefined"', () => {
  for (const { env } of Object.values(JOBS)) {
    const marks = Object.fromEntries(Object.entries(env).slice(0, 2));
    expect(JSON.stringify(describeHolder(marks, {}))).not.toMatch(/undefined|NaN|null/);
  }
});

test("no git is run for what the variables don't tell", () => {
  const bin = mkdtempSync(path.join(os.tmpdir(), "call-me-git-"));
  const log = path.join(bin, "log");
  writeFileSync(path.join(bin, "git"), `#!/bin/sh\necho called >> ${log}\necho deadbeef\n`, { mode: 0o755 });
  const PATH = `${bin}:${process.env["PATH"]}`;
  for (const env of [{ JENKINS_URL: "https://j/" }, { TEAMCITY_VERSION: "1" }, { CI: "true" }])
    expect(describeHolder({ ...env, PATH } as Env, {})).toMatchObject({ sha: "", ref: "" });
});

test("outside CI it is a person at a machine", () => {
  const { name, kind } = describeHolder({}, {});
  expect(kind).toBe(HolderKind.HUMAN);
  expect(name).toContain(`@${os.hostname()}`);
});

test("what a system tells is made fit for the server", () => {
  const { job } = describeHolder({ GITLAB_CI: "true", CI_JOB_NAME: `a\u001b\n${"x".repeat(600)}` }, {});
  expect(job).toHaveLength(512);
  expect(job).toMatch(/^ax+$/);
});
