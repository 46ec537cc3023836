// Jobs of CI systems that have no key: the command line gets their token as the system gives it, and a server with rules lets them in.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestIssuer } from "../access/issuer.ts";
import { type } from "../cli/terminal.ts";
import { governed } from "./governed.ts";
import type { Server } from "./server.ts";

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await TestIssuer.start();
});
afterAll(() => issuer[Symbol.asyncDispose]());

/** A command of the CI system's, which prints a token, in a folder for PATH. */
async function command(server: Server, name: string, token: string): Promise<string> {
  const folder = path.join(server.directory, "bin");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, name), `#!/bin/sh\necho ${token}\n`);
  await chmod(path.join(folder, name), 0o755);
  return `${folder}:${process.env["PATH"]}`;
}

type Job = (server: Server) => Promise<Record<string, string>>;

const JOBS: readonly [string, string, object, Job, string][] = [
  [
    "GitHub Actions",
    "github",
    { claims: { repository_id: "1296269", ref: "refs/heads/main" } },
    async ({ url }) => {
      issuer.answer = (request, response) => {
        const audience = new URL(request.url ?? "", issuer.url).searchParams.get("audience");
        if (audience === null) response.end(issuer.keys);
        else void issuer.github({ aud: audience }).then((value) => response.end(JSON.stringify({ value })));
      };
      const ask = { ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}/token?v=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "secret" };
      return { GITHUB_ACTIONS: "true", GITHUB_REPOSITORY: "acme/shop", CALL_ME_URL: url, ...ask };
    },
    "oidc:job:1296269",
  ],
  [
    "GitLab",
    "gitlab",
    { claims: { project_id: 20, ref_protected: true } },
    async ({ url }) => ({ GITLAB_CI: "true", CALL_ME_URL: url, CALL_ME_ID_TOKEN: await issuer.gitlab({ aud: url }) }),
    "oidc:job:20",
  ],
  [
    "Buildkite",
    "buildkite",
    { claims: { organization_id: "01234567-89ab-cdef-0123-456789abcdef" } },
    async (server) => {
      const PATH = await command(server, "buildkite-agent", await issuer.buildkite({ aud: server.url }));
      return { BUILDKITE: "true", CALL_ME_URL: server.url, PATH };
    },
    "oidc:job:01234567-89ab-cdef-0123-456789abcdef:018e5a22-d14c-7085-bb28-db0f83f43a1c",
  ],
  [
    "CircleCI",
    "circleci",
    { claims: { "oidc.circleci.com/project-id": "6ba7b811-9dad-11d1-80b4-00c04fd430c8" } },
    async ({ url }) => {
      const token = await issuer.circleci({ iss: "https://oidc.circleci.com/org/6ba7b810", aud: url });
      return { CIRCLECI: "true", CALL_ME_URL: url, CIRCLE_OIDC_TOKEN_V2: token };
    },
    "oidc:job:6ba7b811-9dad-11d1-80b4-00c04fd430c8",
  ],
];

test.each(JOBS)("a job of %s takes and gives back an environment with nothing but its token", async (_, provider, rule, job, principal) => {
  const more = { provider, audience: "SERVER", ...(provider === "circleci" && { issuer: "https://oidc.circleci.com/org/6ba7b810" }) };
  await using server = await governed(issuer, [{ name: "job", ...rule }], more);
  const env = await job(server);
  const who = await type(["whoami", "--json"], env);
  expect(who.stderr).not.toMatch(/call-me:/);
  expect(JSON.parse(who.stdout)).toMatchObject({ principal });
  const ran = await type(["exec", "uat-1", "--", "sh", "-c", 'test "$CALL_ME_ENVIRONMENT" = uat-1'], env);
  expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining("uat-1 is given back")]);
  expect((await type(["exec", "production", "--", "true"], env)).code).toBe(3);
  issuer.answer = undefined;
});
