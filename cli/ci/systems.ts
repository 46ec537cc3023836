import type { Variables } from "../settings.ts";

/** A fact that a CI system tells: the first of these variables that is set, or what is made of several. */
type Fact = readonly string[] | ((env: Variables) => string | undefined);

/** What is said by hand of a CI system; env-ci fills in what is left out, and tells of the systems that are not here. */
export interface System {
  readonly name: string;
  /** Set in every job of this system, and in none of another's. */
  readonly mark: (env: Variables) => boolean;
  /** Where the run can be looked at: the same for all jobs of one pipeline. */
  readonly url: Fact;
  readonly jobUrl?: Fact;
  readonly repository?: Fact;
  readonly number?: Fact;
  readonly ref?: Fact;
  readonly sha?: Fact;
  readonly job: Fact;
  readonly actor?: Fact;
  /** What tells this job from every other one of its run; the job's name where there is nothing better. */
  readonly jobId?: Fact;
  /** Which try of the job this is, where `url` and `jobId` don't tell. */
  readonly attempt?: Fact;
  /** Which leg of a matrix, or which of several parallel copies. */
  readonly leg?: Fact;
  /** No variable tells the legs of a matrix apart: the pipeline must say which one it is. How to say it. */
  readonly legUntold?: string;
}

const set =
  (...names: string[]) =>
  (env: Variables) =>
    names.some((name) => Boolean(env[name]));

/** Several variables put together, or nothing if one of them is missing. */
const joined =
  (...parts: string[]) =>
  (env: Variables) => {
    const values = parts.map((part) => (/^[A-Z][A-Z_]+$/.test(part) ? env[part] : part));
    return values.every(Boolean) ? values.join("") : undefined;
  };

/** Those that are described, see docs/cli.md; what the log of one can do is in log.ts. */
const SYSTEMS: readonly System[] = [
  {
    name: "GitHub Actions",
    mark: set("GITHUB_ACTIONS"),
    url: joined("GITHUB_SERVER_URL", "/", "GITHUB_REPOSITORY", "/actions/runs/", "GITHUB_RUN_ID"),
    repository: ["GITHUB_REPOSITORY"],
    number: ["GITHUB_RUN_NUMBER"],
    ref: ["GITHUB_HEAD_REF", "GITHUB_REF_NAME"],
    job: ["GITHUB_JOB"],
    actor: ["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"],
    attempt: ["GITHUB_RUN_ATTEMPT"],
    legUntold: `set CALL_ME_LEG: \${{ strategy.job-index }} in the step's env`,
  },
  {
    name: "GitLab",
    mark: set("GITLAB_CI"),
    url: ["CI_PIPELINE_URL", "CI_JOB_URL"],
    jobUrl: ["CI_JOB_URL"],
    repository: ["CI_PROJECT_PATH"],
    number: ["CI_PIPELINE_IID"],
    ref: ["CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"],
    job: ["CI_JOB_NAME"],
    actor: ["GITLAB_USER_LOGIN"],
    jobId: ["CI_JOB_ID"],
    leg: ["CI_NODE_INDEX"],
  },
  {
    name: "Jenkins",
    mark: set("JENKINS_URL", "JENKINS_HOME"),
    url: ["BUILD_URL"],
    repository: ["JOB_NAME"],
    number: ["BUILD_NUMBER"],
    ref: ["CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"],
    job: ["STAGE_NAME", "JOB_NAME"],
    actor: ["BUILD_USER_ID", "CHANGE_AUTHOR"],
    legUntold: "set CALL_ME_LEG with withEnv: the axis values in a matrix, the branch's name in parallel, 0 elsewhere",
  },
  {
    name: "Buildkite",
    mark: set("BUILDKITE"),
    url: ["BUILDKITE_BUILD_URL"],
    jobUrl: joined("BUILDKITE_BUILD_URL", "#", "BUILDKITE_JOB_ID"),
    repository: ["BUILDKITE_PIPELINE_SLUG"],
    number: ["BUILDKITE_BUILD_NUMBER"],
    ref: ["BUILDKITE_BRANCH"],
    job: ["BUILDKITE_LABEL", "BUILDKITE_STEP_KEY"],
    actor: ["BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_AUTHOR"],
    jobId: ["BUILDKITE_JOB_ID"],
    attempt: ["BUILDKITE_RETRY_COUNT"],
    leg: ["BUILDKITE_PARALLEL_JOB"],
  },
  {
    name: "CircleCI",
    mark: set("CIRCLECI"),
    url: circleRun,
    jobUrl: ["CIRCLE_BUILD_URL"],
    repository: joined("CIRCLE_PROJECT_USERNAME", "/", "CIRCLE_PROJECT_REPONAME"),
    number: ["CIRCLE_BUILD_NUM"],
    job: ["CIRCLE_JOB"],
    actor: ["CIRCLE_USERNAME", "CIRCLE_PR_USERNAME"],
    jobId: ["CIRCLE_WORKFLOW_JOB_ID", "CIRCLE_BUILD_NUM"],
    leg: ["CIRCLE_NODE_INDEX"],
  },
  {
    name: "Azure Pipelines",
    mark: set("TF_BUILD", "BUILD_BUILDURI"),
    url: azureRun,
    jobUrl: (env) => joined(azureRun(env) ?? "", "&view=logs&j=", "SYSTEM_JOBID")(env),
    repository: ["BUILD_REPOSITORY_NAME"],
    number: ["BUILD_BUILDNUMBER"],
    ref: ["SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCHNAME"],
    job: ["SYSTEM_JOBDISPLAYNAME", "AGENT_JOBNAME", "SYSTEM_JOBNAME"],
    actor: ["BUILD_REQUESTEDFOR"],
    jobId: ["SYSTEM_JOBID"],
    attempt: ["SYSTEM_JOBATTEMPT"],
    leg: ["SYSTEM_JOBPOSITIONINPHASE"],
  },
  {
    name: "Bitbucket Pipelines",
    mark: set("BITBUCKET_BUILD_NUMBER"),
    url: joined("https://bitbucket.org/", "BITBUCKET_REPO_FULL_NAME", "/pipelines/results/", "BITBUCKET_BUILD_NUMBER"),
    ref: ["BITBUCKET_BRANCH", "BITBUCKET_TAG"],
    job: ["BITBUCKET_STEP_UUID"],
    actor: ["BITBUCKET_STEP_TRIGGERER_UUID"],
    attempt: ["BITBUCKET_STEP_RUN_NUMBER"],
    leg: ["BITBUCKET_PARALLEL_STEP"],
  },
  {
    name: "TeamCity",
    mark: set("TEAMCITY_VERSION"),
    url: ["BUILD_URL"],
    repository: ["TEAMCITY_PROJECT_NAME"],
    number: ["BUILD_NUMBER"],
    job: ["TEAMCITY_BUILDCONF_NAME"],
  },
  {
    name: "Woodpecker",
    mark: (env) => env["CI"] === "woodpecker",
    url: ["CI_PIPELINE_URL"],
    jobUrl: ["CI_STEP_URL"],
    number: ["CI_PIPELINE_NUMBER"],
    ref: ["CI_COMMIT_SOURCE_BRANCH", "CI_COMMIT_BRANCH"],
    job: joined("CI_WORKFLOW_NAME", "/", "CI_STEP_NAME"),
    actor: ["CI_COMMIT_AUTHOR"],
    leg: ["CI_WORKFLOW_NUMBER"],
  },
];

/** The system that a job with these variables runs in: by its mark, or where a container was not given that one, by its run's address. */
export function systemOf(env: Variables): System | undefined {
  return SYSTEMS.find(({ mark }) => mark(env)) ?? SYSTEMS.find(({ url }) => read(url, env) !== undefined);
}

/** Reads a fact; an empty variable tells nothing. */
export function read(fact: Fact | undefined, env: Variables): string | undefined {
  if (fact === undefined) return undefined;
  return typeof fact === "function" ? fact(env) : fact.map((name) => env[name]).find(Boolean);
}

/** CIRCLE_BUILD_URL is one job's; the workflow is what its jobs share. */
function circleRun(env: Variables): string | undefined {
  const { CIRCLE_BUILD_URL: job = "", CIRCLE_WORKFLOW_ID: workflow } = env;
  const origin = URL.canParse(job) ? new URL(job).origin : undefined;
  return workflow && origin ? `${origin}/workflow-run/${workflow}` : job || undefined;
}

function azureRun(env: Variables): string | undefined {
  const {
    SYSTEM_COLLECTIONURI: collection,
    SYSTEM_TEAMFOUNDATIONCOLLECTIONURI: older,
    SYSTEM_TEAMPROJECT: project,
    BUILD_BUILDID: id,
  } = env;
  const base = collection || older;
  return base && project && id ? `${base.replace(/\/$/, "")}/${encodeURIComponent(project)}/_build/results?buildId=${id}` : undefined;
}
