/** What is particular to each CI system's tokens: who signs them, which claims tell one caller from another, and what they prove of a holder. */
import { limits } from "../../core/limits.ts";
import type { Holder } from "../../core/model/lease.ts";
import { isPlain } from "../plain.ts";
import { type Claims, textOf } from "./claims.ts";
import { KNOWS, type Knows } from "./known.ts";

/** What a token proves of the holder of a lease that its bearer asks for. */
export type Proven = Partial<Pick<Holder, "repository" | "ref" | "sha" | "runUrl" | "actor">>;

export interface Provider {
  /** Where there is but one issuer. */
  readonly issuer?: string;
  /** Whose issuers are of this provider, and of no other. */
  readonly host?: string;
  /** What any issuer must look like, and how messages say that. */
  readonly issuers?: { readonly form: RegExp; readonly words: string };
  /** Where an issuer's keys are, unless the file says it. */
  jwksUri?(issuer: string): string;
  /** A rule must name the exact value of one of these, if there are any. */
  readonly bound: readonly string[];
  /** A rule must not name these, for that reason. */
  readonly unfit: Readonly<Record<string, string>>;
  /** A rule should name these, for that reason. */
  readonly advised: Readonly<Record<string, string>>;
  /** Whether its tokens are known to have a claim, where that is known of any. */
  readonly knows?: Knows;
  readonly identity: readonly string[];
  readonly label: string;
  readonly record: readonly string[];
  /** `issuer`: where the token comes from. */
  proves(claims: Claims, issuer: string): Proven;
}

const GITHUB_ISSUER = "https://token.actions.githubusercontent.com";
const UNSURE = "its form can be changed by whoever sets up the pipeline; name the claims that it is made of";
const CIRCLE = "oidc.circleci.com";

const github: Provider = {
  issuer: GITHUB_ISSUER,
  host: "token.actions.githubusercontent.com",
  jwksUri: (issuer) => `${issuer}/.well-known/jwks`,
  bound: ["repository_id", "repository_owner_id"],
  unfit: { sub: `GitHub has changed its form, and ${UNSURE}` },
  advised: {},
  knows: KNOWS.github,
  identity: ["repository_id"],
  label: "repository",
  record: [
    ...["repository", "repository_id", "repository_owner_id", "ref", "environment", "event_name", "workflow_ref", "run_id", "run_attempt"],
    "actor",
  ],
  proves(claims, issuer) {
    const at = { [GITHUB_ISSUER]: "https://github.com" }[issuer] ?? /^(https:\/\/[^/]+)\/_services\/token$/.exec(issuer)?.[1];
    const [repository, run] = [textOf(claims, "repository"), textOf(claims, "run_id")];
    return {
      ...shown({ repository, ref: textOf(claims, "head_ref") || branchOf(textOf(claims, "ref")) }),
      ...shown({ sha: textOf(claims, "sha"), actor: textOf(claims, "actor") }),
      ...shown({ runUrl: at && repository && run && `${at}/${repository}/actions/runs/${run}` }),
    };
  },
};

const gitlab: Provider = {
  issuer: "https://gitlab.com",
  host: "gitlab.com",
  jwksUri: (issuer) => `${issuer}/oauth/discovery/keys`,
  bound: ["project_id", "namespace_id"],
  unfit: { sub: `GitLab lets each project choose what it is made of, and ${UNSURE}` },
  advised: { ref_protected: 'without `ref_protected: "true"` a job of any branch is let in, that of a merge request as well' },
  knows: KNOWS.gitlab,
  identity: ["project_id"],
  label: "project_path",
  record: [
    ...["project_path", "project_id", "namespace_id", "ref", "ref_type", "ref_protected", "environment", "pipeline_source", "pipeline_id"],
    ...["job_id", "user_login"],
  ],
  proves(claims, issuer) {
    const [repository, pipeline] = [textOf(claims, "project_path"), textOf(claims, "pipeline_id")];
    // Of a merge request from a fork project_path is the fork's, and the pipeline may be the other one's.
    const home = textOf(claims, "job_project_path") ?? repository;
    return {
      ...shown({ repository, ref: textOf(claims, "ref"), sha: textOf(claims, "sha"), actor: textOf(claims, "user_login") }),
      ...shown({ runUrl: home && pipeline && `${issuer}/${home}/-/pipelines/${pipeline}` }),
    };
  },
};

const buildkite: Provider = {
  issuer: "https://agent.buildkite.com",
  host: "agent.buildkite.com",
  jwksUri: (issuer) => `${issuer}/.well-known/jwks`,
  bound: ["organization_id"],
  unfit: { sub: `all organisations share the issuer and names can change hands: ${UNSURE}` },
  advised: {},
  knows: KNOWS.buildkite,
  identity: ["organization_id", "pipeline_id"],
  label: "pipeline_slug",
  record: [
    ...["organization_slug", "organization_id", "pipeline_slug", "pipeline_id", "build_number", "build_branch", "build_source", "step_key"],
    "job_id",
  ],
  proves(claims) {
    const [organisation, pipeline] = [textOf(claims, "organization_slug"), textOf(claims, "pipeline_slug")];
    const build = textOf(claims, "build_number");
    return {
      ...shown({ repository: pipeline, ref: textOf(claims, "build_branch"), sha: textOf(claims, "build_commit") }),
      ...shown({ runUrl: organisation && pipeline && build && `https://buildkite.com/${organisation}/${pipeline}/builds/${build}` }),
    };
  },
};

const circleci: Provider = {
  host: "oidc.circleci.com",
  issuers: { form: /^https:\/\/[^/]+\/org\/[\w-]+$/, words: "the organisation's own, https://oidc.circleci.com/org/ORGANISATION_ID" },
  jwksUri: (issuer) => `${issuer}/.well-known/jwks-pub.json`,
  bound: [],
  unfit: { sub: `it has the user in it, and two forms: ${UNSURE}` },
  advised: {},
  knows: KNOWS.circleci,
  identity: [`${CIRCLE}/project-id`],
  label: `${CIRCLE}/vcs-origin`,
  record: ["project-id", "org-id", "vcs-origin", "vcs-ref", "pipeline-id", "workflow-id", "job-id"].map((name) => `${CIRCLE}/${name}`),
  proves: (claims) =>
    shown({
      repository: textOf(claims, `${CIRCLE}/vcs-origin`)?.replace(/^[^/]+\.[^/]+\//, ""),
      ref: branchOf(textOf(claims, `${CIRCLE}/vcs-ref`)),
    }),
};

const other: Provider = { bound: [], unfit: {}, advised: {}, identity: ["sub"], label: "sub", record: ["sub"], proves: () => ({}) };

/** By the name that a file calls them by. */
export const PROVIDERS = { github, gitlab, buildkite, circleci, other } as const satisfies Record<string, Provider>;

/** The names of the providers. */
export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly (keyof typeof PROVIDERS)[];

/** Without what branches and tags begin with in full; CI systems tell them so. */
function branchOf(ref: string | undefined): string | undefined {
  return ref?.replace(/^refs\/(?:heads|tags)\//, "");
}

/** What there is, and can be shown, at the length of every text about a holder. */
function shown(texts: { readonly [Field in keyof Proven]: string | undefined }): Proven {
  return Object.fromEntries(
    Object.entries(texts).filter(([, text]) => text !== undefined && text !== "" && text.length <= limits.text && isPlain(text)),
  );
}
