// The access rules of docs/ci, as they stand there, against tokens with the claims that each CI system's have.
import { afterAll, beforeAll, expect, test } from "vitest";
import { linesOf } from "../../cli/access/lined.ts";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { Verifier } from "../../src/access/oidc/verifier.ts";
import { rulesIn } from "../../src/access/rules.ts";
import { type Changes, GITHUB_KINDS, TestIssuer } from "../access/issuer.ts";
import { type Page, rulesOf, tokenOf } from "./job-tokens.ts";
import { accessRules } from "./pages.ts";

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await TestIssuer.start();
});
afterAll(() => issuer[Symbol.asyncDispose]());

/** What a server with this page's file makes of a token; a file that warns is none to copy. */
async function judged(page: Page, changes: Changes) {
  const document = await FleetDocument.parse("access.yaml", JSON.stringify(rulesOf(page, issuer)));
  const { rules, warnings } = rulesIn("access.yaml", linesOf(document));
  expect(warnings).toEqual([]);
  return await new Verifier(rules.issuers, () => {}).judge(await tokenOf(page, issuer, changes));
}

/** The principal of a job that the page's file lets in. */
const GOOD: Readonly<Record<Page, string>> = {
  github: "oidc:shop-main:1296269",
  gitlab: "oidc:shop-protected:20",
  buildkite: "oidc:shop-main:01234567-89ab-cdef-0123-456789abcdef:018e5a22-d14c-7085-bb28-db0f83f43a1c",
  circleci: "oidc:shop-main:6ba7b811-9dad-11d1-80b4-00c04fd430c8",
};

const OTHER = "6ba7b8ff-9dad-11d1-80b4-00c04fd430c8";

/** What is refused, and by which claims. */
const BAD: Readonly<Record<Page, Readonly<Record<string, Changes>>>> = {
  github: {
    "a pull request": GITHUB_KINDS["of a pull request"],
    "a fork": { ...GITHUB_KINDS["of a pull request"], repository: "mallory/shop", repository_id: "77", repository_owner_id: "666" },
    "another repository of the organisation": { repository: "acme/blog", repository_id: "77" },
    "a repository of the same name that somebody else has now": { repository_id: "77", repository_owner_id: "666" },
    "the same id with another owner": { repository_owner_id: "666" },
    "another branch": { ref: "refs/heads/mainly", ref_protected: "false" },
    "a tag called main": { ref: "refs/tags/main", ref_type: "tag" },
    "GitHub's own audience": { aud: "https://github.com/acme" },
    "another GitHub": { iss: "https://token.actions.acme.ghe.com" },
  },
  gitlab: {
    "an unprotected branch": { ref: "feature", ref_path: "refs/heads/feature", ref_protected: "false" },
    "a merge request of a fork": { project_id: "99", project_path: "mallory/shop", ref_protected: "false" },
    "another project": { project_id: "21", project_path: "acme/blog" },
    "a project of the same path that somebody else has now": { project_id: "21", namespace_id: "73" },
    "a protected tag": { ref: "main", ref_type: "tag" },
    "another service's audience": { aud: "https://vault.example.com" },
    "another GitLab": { iss: "https://gitlab.com" },
  },
  buildkite: {
    "another organization, with our names": { organization_id: OTHER },
    "another pipeline": { pipeline_id: OTHER, pipeline_slug: "blog" },
    "another branch": { build_branch: "feature" },
    "a token that was asked for without the ids": { organization_id: undefined, pipeline_id: undefined },
    "Buildkite's own audience": { aud: "https://buildkite.com/acme" },
  },
  circleci: {
    "another organization": { iss: `https://oidc.circleci.com/org/${OTHER}` },
    "another project": { "oidc.circleci.com/project-id": OTHER },
    "a fork": { "oidc.circleci.com/vcs-origin": "github.com/mallory/shop" },
    "another branch": { "oidc.circleci.com/vcs-ref": "refs/heads/feature" },
    "a pull request": { "oidc.circleci.com/vcs-ref": "refs/pull/42/merge" },
    "the organization's own audience": { aud: "6ba7b810-9dad-11d1-80b4-00c04fd430c8" },
  },
};

test("each page that has rules has its tokens here", () => {
  expect([...accessRules().keys()].toSorted()).toEqual(Object.keys(GOOD).toSorted());
});

test.each(Object.entries(GOOD) as [Page, string][])(
  "a good token is let in by the rules of %s.md, for uat and nothing else",
  async (page, principal) => {
    const verdict = await judged(page, {});
    expect(verdict).toMatchObject({ kind: "admitted", mode: "enforce", principal });
    if (verdict.kind !== "admitted") return;
    expect([verdict.rights.may("USE", "default", "uat"), verdict.rights.may("USE", "default", "production")]).toEqual([true, false]);
  },
);

const REFUSED = Object.entries(BAD).flatMap(([page, cases]) =>
  Object.entries(cases).map(([name, changes]) => [page as Page, name, changes] as const),
);

test.each(REFUSED)("the rules of %s.md refuse %s", async (page, _, changes) => {
  expect(await judged(page, changes)).toMatchObject({ kind: "refused" });
});
