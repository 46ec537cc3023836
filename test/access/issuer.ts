// An issuer of tokens, as CI systems run one: an HTTP server with its keys, and tokens of the shape that each system's have.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";

/** What a test's token says beside what its kind says, or instead of it; undefined: not that. */
export type Changes = Readonly<Record<string, unknown>>;

/** The audience of the tests' servers. */
export const AUDIENCE = "https://call-me.example.com";

/** What becomes of a fetch of the keys. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves keys and signs tokens; `await using` closes it. */
export class TestIssuer implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Map<string, { readonly jwk: JWK; readonly secret: CryptoKey; readonly open: CryptoKey }>();
  /** How often the keys were asked for. */
  fetches = 0;
  /** What it says instead of its keys. */
  answer: Answer | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.fetches++;
      if (this.answer !== undefined) this.answer(request, response);
      else response.end(this.keys);
    });
  }

  /** One with a key that is called `first`. */
  static async start(): Promise<TestIssuer> {
    const issuer = new TestIssuer();
    await issuer.addKey("first");
    issuer.#server.listen(0, "127.0.0.1");
    await once(issuer.#server, "listening");
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What it answers. */
  get keys(): string {
    return JSON.stringify({ keys: [...this.#pairs.values()].map(({ jwk }) => jwk) });
  }

  get jwksUri(): string {
    return `${this.url}/keys`;
  }

  async addKey(kid: string, alg = "RS256"): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.#pairs.set(kid, { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" }, secret: privateKey, open: publicKey });
  }

  /** From now on it says that it has none of that name. */
  removeKey(kid: string): void {
    this.#pairs.delete(kid);
  }

  /** The key that everybody can see, as a text: what an attacker would use as a password. */
  async publicText(kid = "first"): Promise<string> {
    return exportSPKI(this.#pairOf(kid).open);
  }

  /** A token that says this, with a good signature unless `header` or another issuer's key is given. */
  async sign(claims: Changes, header: Changes = {}, kid = "first"): Promise<string> {
    const { jwk, secret } = this.#pairOf(kid);
    const kept = Object.fromEntries(Object.entries({ ...this.standard(), ...claims }).filter(([, value]) => value !== undefined));
    return new SignJWT(kept).setProtectedHeader({ alg: jwk.alg ?? "", kid, typ: "JWT", ...header }).sign(secret);
  }

  /** What every token says. */
  standard(): Changes {
    const now = Math.floor(Date.now() / 1_000);
    return { iss: this.url, aud: AUDIENCE, sub: "someone", iat: now, nbf: now - 5, exp: now + 300, jti: crypto.randomUUID() };
  }

  github(changes: Changes = {}, header: Changes = {}): Promise<string> {
    return this.sign({ ...GITHUB, ...changes }, header);
  }

  gitlab(changes: Changes = {}): Promise<string> {
    return this.sign({ ...GITLAB, ...changes });
  }

  buildkite(changes: Changes = {}): Promise<string> {
    return this.sign({ ...BUILDKITE, ...changes });
  }

  circleci(changes: Changes = {}): Promise<string> {
    return this.sign({ ...CIRCLECI, ...changes });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pairOf(kid: string) {
    const pair = this.#pairs.get(kid);
    if (pair === undefined) throw new Error(`there is no key ${kid}; add it`);
    return pair;
  }
}

/** A push to main of acme/shop. */
const GITHUB = {
  sub: "repo:acme/shop:ref:refs/heads/main",
  repository: "acme/shop",
  repository_id: "1296269",
  repository_owner: "acme",
  repository_owner_id: "583231",
  repository_visibility: "private",
  ref: "refs/heads/main",
  ref_type: "branch",
  ref_protected: "true",
  head_ref: "",
  base_ref: "",
  sha: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d",
  event_name: "push",
  workflow: "deploy",
  workflow_ref: "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
  job_workflow_ref: "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
  run_id: "9876543210",
  run_number: "17",
  run_attempt: "1",
  actor: "octocat",
  actor_id: "1",
  runner_environment: "github-hosted",
} as const;

/** The changes that make it another of GitHub's tokens. */
export const GITHUB_KINDS = {
  "of a new repository": { sub: "repo:acme-583231/shop-1296269:ref:refs/heads/main" },
  "of a renamed repository": { sub: "repo:acme@583231/shop@1296269:ref:refs/heads/main" },
  "with a subject of the organisation's own": { sub: "repository_owner_id:583231:repository_visibility:private" },
  "of an environment": { sub: "repo:acme/shop:environment:staging", environment: "staging" },
  "of a pull request": {
    sub: "repo:acme/shop:pull_request",
    event_name: "pull_request",
    ref: "refs/pull/42/merge",
    head_ref: "feature/x",
    base_ref: "main",
  },
} as const;

/** A job of main of acme/shop. */
const GITLAB = {
  sub: "project_path:acme/shop:ref_type:branch:ref:main",
  namespace_id: "72",
  namespace_path: "acme",
  project_id: "20",
  project_path: "acme/shop",
  user_id: "1",
  user_login: "sample-user",
  user_email: "sample-user@example.com",
  pipeline_id: "574",
  pipeline_source: "push",
  job_id: "302",
  ref: "main",
  ref_type: "branch",
  ref_path: "refs/heads/main",
  ref_protected: "true",
  runner_id: 1,
  runner_environment: "self-hosted",
  sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
} as const;

/** A job of main of acme's pipeline shop, whose token was asked for with both ids. */
const BUILDKITE = {
  sub: "organization:acme:pipeline:shop:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build",
  organization_slug: "acme",
  organization_id: "01234567-89ab-cdef-0123-456789abcdef",
  pipeline_slug: "shop",
  pipeline_id: "018e5a22-d14c-7085-bb28-db0f83f43a1c",
  build_number: 17,
  build_branch: "main",
  build_tag: null,
  build_commit: "9f3182061f1e2cca4702c368cbc039b7dc9d4485",
  build_source: "webhook",
  step_key: "build",
  job_id: "0184990a-477b-4fa8-9968-496074483cee",
  agent_id: "0184990a-4782-42b5-afc1-16715b10b8ff",
  runner_environment: "buildkite-hosted",
} as const;

/** A job of main of acme/shop. */
const CIRCLECI = {
  sub: "org/6ba7b810-9dad-11d1-80b4-00c04fd430c8/project/6ba7b811-9dad-11d1-80b4-00c04fd430c8/user/6ba7b812-9dad-11d1-80b4-00c04fd430c8",
  "oidc.circleci.com/project-id": "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
  "oidc.circleci.com/org-id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  "oidc.circleci.com/context-ids": ["6ba7b814-9dad-11d1-80b4-00c04fd430c8"],
  "oidc.circleci.com/vcs-origin": "github.com/acme/shop",
  "oidc.circleci.com/vcs-ref": "refs/heads/main",
  "oidc.circleci.com/pipeline-id": "6ba7b815-9dad-11d1-80b4-00c04fd430c8",
  "oidc.circleci.com/ssh-rerun": false,
} as const;
