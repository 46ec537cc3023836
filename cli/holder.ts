import os from "node:os";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { HolderKind, type HolderSchema } from "../gen/ts/callme/v1/types_pb.ts";
import type { Variables } from "./settings.ts";

/** What the CI system's variables tell about this run. */
interface Run {
  readonly url: string | undefined;
  readonly repository?: string | undefined;
  readonly number?: string | undefined;
  readonly ref?: string | undefined;
  readonly sha?: string | undefined;
  readonly job?: string | undefined;
  readonly actor?: string | undefined;
}

/** Who a lease is for: what was said on the command line, else what the CI system tells, else user@host. */
export function describeHolder(
  env: Variables,
  said: { name?: string | undefined; runUrl?: string | undefined },
): MessageInitShape<typeof HolderSchema> {
  const run = currentRun(env);
  const inPipeline = run !== undefined || Boolean(env["CI"]);
  const named =
    run?.repository === undefined || run.number === undefined ? `${user()}@${os.hostname()}` : `${run.repository} #${run.number}`;
  return {
    name: said.name ?? named,
    kind: inPipeline ? HolderKind.PIPELINE : HolderKind.HUMAN,
    runUrl: said.runUrl ?? run?.url ?? "",
    repository: run?.repository ?? "",
    ref: run?.ref ?? "",
    sha: run?.sha ?? "",
    job: run?.job ?? "",
    actor: run?.actor ?? "",
  };
}

/** The address of the CI run that we are part of, if we are. */
export function currentRunUrl(env: Variables): string | undefined {
  return currentRun(env)?.url;
}

function currentRun(env: Variables): Run | undefined {
  return [github, gitlab, jenkins, buildkite].map((read) => read(env)).find((run) => Boolean(run.url));
}

function github(env: Variables): Run {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = env;
  return {
    url: server && repository && id ? `${server}/${repository}/actions/runs/${id}` : undefined,
    repository,
    number: env["GITHUB_RUN_NUMBER"],
    ref: env["GITHUB_REF_NAME"],
    sha: env["GITHUB_SHA"],
    job: env["GITHUB_JOB"],
    actor: env["GITHUB_ACTOR"],
  };
}

function gitlab(env: Variables): Run {
  return {
    url: env["CI_JOB_URL"],
    repository: env["CI_PROJECT_PATH"],
    number: env["CI_PIPELINE_IID"],
    ref: env["CI_COMMIT_REF_NAME"],
    sha: env["CI_COMMIT_SHA"],
    job: env["CI_JOB_NAME"],
    actor: env["GITLAB_USER_LOGIN"],
  };
}

function jenkins(env: Variables): Run {
  return {
    url: env["BUILD_URL"],
    repository: env["JOB_NAME"],
    number: env["BUILD_NUMBER"],
    ref: env["GIT_BRANCH"],
    sha: env["GIT_COMMIT"],
    job: env["JOB_NAME"],
  };
}

function buildkite(env: Variables): Run {
  return {
    url: env["BUILDKITE_BUILD_URL"],
    repository: env["BUILDKITE_PIPELINE_SLUG"],
    number: env["BUILDKITE_BUILD_NUMBER"],
    ref: env["BUILDKITE_BRANCH"],
    sha: env["BUILDKITE_COMMIT"],
    job: env["BUILDKITE_LABEL"],
    actor: env["BUILDKITE_BUILD_CREATOR"],
  };
}

function user(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run under a number that no account has.
    return "someone";
  }
}
