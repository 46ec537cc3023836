import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { describeHolder, describeJob } from "../../cli/holder.ts";
import { HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";

type Env = Record<string, string>;

/** What each system sets in a job, as far as it tells who we are. */
const SYSTEMS: Record<string, { env: Env; holder: object; job?: string }> = {
  "GitHub Actions": {
    env: {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: "shop/web",
      GITHUB_RUN_ID: "99",
      GITHUB_RUN_NUMBER: "4",
      GITHUB_RUN_ATTEMPT: "2",
      GITHUB_REF: "refs/pull/7/merge",
      GITHUB_REF_NAME: "7/merge",
      GITHUB_HEAD_REF: "topic",
      GITHUB_SHA: "abc",
      GITHUB_JOB: "e2e",
      GITHUB_ACTOR: "ada",
      GITHUB_TRIGGERING_ACTOR: "bob",
    },
    holder: {
      name: "shop/web #4",
      runUrl: "https://github.com/shop/web/actions/runs/99",
      repository: "shop/web",
      ref: "topic",
      sha: "abc",
      job: "e2e",
      actor: "bob",
    },
  },
  GitLab: {
    env: {
      CI: "true",
      GITLAB_CI: "true",
      CI_PIPELINE_URL: "https://gl/g/p/-/pipelines/10",
      CI_JOB_URL: "https://gl/g/p/-/jobs/1",
      CI_JOB_ID: "1",
      CI_JOB_NAME: "e2e 1/2",
      CI_PROJECT_PATH: "g/p",
      CI_PIPELINE_IID: "5",
      CI_COMMIT_REF_NAME: "main",
      CI_COMMIT_SHA: "abc",
      GITLAB_USER_LOGIN: "ada",
    },
    holder: {
      name: "g/p #5",
      runUrl: "https://gl/g/p/-/pipelines/10",
      repository: "g/p",
      ref: "main",
      sha: "abc",
      job: "e2e 1/2",
      actor: "ada",
    },
    job: "e2e 1/2 https://gl/g/p/-/jobs/1",
  },
  Jenkins: {
    env: {
      JENKINS_URL: "https://j/",
      BUILD_URL: "https://j/job/web/3/",
      JOB_NAME: "web",
      BUILD_NUMBER: "3",
      STAGE_NAME: "e2e",
      GIT_BRANCH: "origin/main",
      BRANCH_NAME: "main",
      GIT_COMMIT: "abc",
      BUILD_USER_ID: "ada",
    },
    holder: { name: "web #3", runUrl: "https://j/job/web/3/", repository: "web", ref: "main", sha: "abc", job: "e2e", actor: "ada" },
  },
  Buildkite: {
    env: {
      CI: "true",
      BUILDKITE: "true",
      BUILDKITE_BUILD_URL: "https://buildkite.com/shop/web/builds/8",
      BUILDKITE_PIPELINE_SLUG: "web",
      BUILDKITE_BUILD_NUMBER: "8",
      BUILDKITE_BRANCH: "main",
      BUILDKITE_COMMIT: "abc",
      BUILDKITE_LABEL: ":rocket: e2e",
      BUILDKITE_JOB_ID: "j1",
      BUILDKITE_BUILD_CREATOR: "Ada",
    },
    holder: {
      name: "web #8",
      runUrl: "https://buildkite.com/shop/web/builds/8",
      repository: "web",
      ref: "main",
      sha: "abc",
      job: ":rocket: e2e",
      actor: "Ada",
    },
    job: ":rocket: e2e https://buildkite.com/shop/web/builds/8#j1",
  },
  CircleCI: {
    env: {
      CI: "true",
      CIRCLECI: "true",
      CIRCLE_BUILD_URL: "https://circleci.com/gh/shop/web/12",
      CIRCLE_WORKFLOW_ID: "w1",
      CIRCLE_BUILD_NUM: "12",
      CIRCLE_PROJECT_USERNAME: "shop",
      CIRCLE_PROJECT_REPONAME: "web",
      CIRCLE_BRANCH: "main",
      CIRCLE_SHA1: "abc",
      CIRCLE_JOB: "e2e",
      CIRCLE_USERNAME: "ada",
      CIRCLE_NODE_INDEX: "0",
    },
    holder: {
      name: "shop/web #12",
      runUrl: "https://circleci.com/workflow-run/w1",
      repository: "shop/web",
      ref: "main",
      sha: "abc",
      job: "e2e",
      actor: "ada",
    },
    job: "e2e https://circleci.com/gh/shop/web/12",
  },
  "Azure Pipelines": {
    env: {
      TF_BUILD: "True",
      BUILD_BUILDURI: "vstfs:///Build/Build/77",
      SYSTEM_COLLECTIONURI: "https://dev.azure.com/shop/",
      SYSTEM_TEAMPROJECT: "Web Shop",
      BUILD_BUILDID: "77",
      BUILD_BUILDNUMBER: "20261123.1",
      BUILD_REPOSITORY_NAME: "web",
      BUILD_SOURCEBRANCH: "refs/heads/main",
      BUILD_SOURCEBRANCHNAME: "main",
      BUILD_SOURCEVERSION: "abc",
      SYSTEM_JOBID: "j1",
      SYSTEM_JOBDISPLAYNAME: "e2e",
      BUILD_REQUESTEDFOR: "Ada",
    },
    holder: {
      name: "web #20261123.1",
      runUrl: "https://dev.azure.com/shop/Web%20Shop/_build/results?buildId=77",
      repository: "web",
      ref: "main",
      sha: "abc",
      job: "e2e",
      actor: "Ada",
    },
    job: "e2e https://dev.azure.com/shop/Web%20Shop/_build/results?buildId=77&view=logs&j=j1",
  },
  "Bitbucket Pipelines": {
    env: {
      CI: "true",
      BITBUCKET_BUILD_NUMBER: "6",
      BITBUCKET_REPO_FULL_NAME: "shop/web",
      BITBUCKET_BRANCH: "main",
      BITBUCKET_COMMIT: "abc",
      BITBUCKET_STEP_UUID: "{s1}",
      BITBUCKET_STEP_TRIGGERER_UUID: "{ada}",
    },
    holder: {
      name: "shop/web #6",
      runUrl: "https://bitbucket.org/shop/web/pipelines/results/6",
      repository: "shop/web",
      ref: "main",
      sha: "abc",
      job: "{s1}",
      actor: "{ada}",
    },
  },
  TeamCity: {
    env: {
      TEAMCITY_VERSION: "2025.11",
      BUILD_URL: "https://tc/build/5",
      BUILD_NUMBER: "5",
      TEAMCITY_PROJECT_NAME: "Web",
      TEAMCITY_BUILDCONF_NAME: "e2e",
      BUILD_VCS_NUMBER: "abc",
    },
    holder: { name: "Web #5", runUrl: "https://tc/build/5", repository: "Web", sha: "abc", job: "e2e" },
  },
  Woodpecker: {
    env: {
      CI: "woodpecker",
      CI_PIPELINE_URL: "https://wp/repos/1/pipeline/9",
      CI_STEP_URL: "https://wp/repos/1/pipeline/9/3",
      CI_PIPELINE_NUMBER: "9",
      CI_REPO_OWNER: "shop",
      CI_REPO_NAME: "web",
      CI_COMMIT_BRANCH: "main",
      CI_COMMIT_SHA: "abc",
      CI_WORKFLOW_NAME: "test",
      CI_STEP_NAME: "e2e",
      CI_COMMIT_AUTHOR: "ada",
    },
    holder: {
      name: "shop/web #9",
      runUrl: "https://wp/repos/1/pipeline/9",
      repository: "shop/web",
      ref: "main",
      sha: "abc",
      job: "test/e2e",
      actor: "ada",
    },
    job: "test/e2e https://wp/repos/1/pipeline/9/3",
  },
  "Drone, as env-ci tells": {
    env: {
      CI: "true",
      DRONE: "true",
      DRONE_BUILD_NUMBER: "3",
      DRONE_BUILD_LINK: "https://drone/shop/web/3",
      DRONE_REPO_OWNER: "shop",
      DRONE_REPO_NAME: "web",
      DRONE_COMMIT_SHA: "abc",
      DRONE_BRANCH: "main",
    },
    holder: { runUrl: "https://drone/shop/web/3", sha: "abc", ref: "main" },
  },
};

test.each(Object.entries(SYSTEMS))("in %s the holder is the run, and the reason the job", (_, { env, holder, job }) => {
  expect(describeHolder(env, {})).toMatchObject({ ...holder, kind: HolderKind.PIPELINE });
  expect(describeJob(env)).toBe(job ?? "");
});

test.each(Object.entries(SYSTEMS))("what is said goes before what %s tells", (_, { env }) => {
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
  for (const { env } of Object.values(SYSTEMS)) {
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
