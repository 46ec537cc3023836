/** The claims that CI systems' tokens are known to have; new ones come, so a rule that names another is warned of and taken. */

const ALL = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];

const GITHUB = [
  ...["actor", "actor_id", "base_ref", "check_run_id", "enterprise", "enterprise_id", "environment", "environment_node_id", "event_name"],
  ...["head_ref", "job_workflow_ref", "job_workflow_sha", "ref", "ref_protected", "ref_type", "repository", "repository_id"],
  ...["repository_owner", "repository_owner_id", "repository_visibility", "run_attempt", "run_id", "run_number", "runner_environment"],
  ...["sha", "workflow", "workflow_ref", "workflow_sha"],
];

const GITLAB = [
  ...[
    "ci_config_ref_uri",
    "ci_config_sha",
    "deployment_tier",
    "environment",
    "environment_action",
    "environment_protected",
    "groups_direct",
  ],
  ...["job_id", "job_namespace_id", "job_namespace_path", "job_policy_ref_sha", "job_policy_ref_uri", "job_project_id", "job_project_path"],
  ...["job_source", "namespace_id", "namespace_path", "pipeline_id", "pipeline_source", "project_id", "project_path", "project_visibility"],
  ...[
    "ref",
    "ref_path",
    "ref_protected",
    "ref_type",
    "runner_environment",
    "runner_id",
    "sha",
    "user_access_level",
    "user_email",
    "user_id",
  ],
  ...["user_identities", "user_login"],
];

const BUILDKITE = [
  ...["agent_id", "build_branch", "build_commit", "build_id", "build_number", "build_source", "build_tag", "cluster_id", "cluster_name"],
  ...["job_id", "organization_id", "organization_slug", "pipeline_id", "pipeline_slug", "queue_id", "queue_key", "runner_environment"],
  "step_key",
];

/** Whether a provider's tokens are known to have a claim; undefined: nothing is known of that provider's. */
export type Knows = ((claim: string) => boolean) | undefined;

/** By the provider's name. */
export const KNOWS = {
  github: knows(GITHUB, "repository_property_"),
  gitlab: knows(GITLAB),
  buildkite: knows(BUILDKITE, "agent_tag:"),
  circleci: knows([], "oidc.circleci.com/"),
} as const satisfies Record<string, Knows>;

/** `prefix`: of claims whose names somebody else chooses. */
function knows(names: readonly string[], prefix?: string): Knows {
  const all = new Set([...ALL, ...names]);
  return (claim) => all.has(claim) || (prefix !== undefined && claim.startsWith(prefix));
}
