// The tokens that CI systems sign for the jobs of docs/ci, and a server that lets these in by the rules of the same pages.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Changes, TestIssuer } from "../access/issuer.ts";
import { TokenEndpoint } from "../clients/token-endpoint.ts";
import { Server } from "../outside/server.ts";
import { accessRules, parse } from "./pages.ts";
import type { Parsed } from "./play.ts";

/** The pages that have rules. */
export type Page = "github" | "gitlab" | "buildkite" | "circleci";

/** What the tokens of each page's jobs say as their issuer, where the rules don't. */
const ISSUERS: Readonly<Record<string, string>> = {
  github: "https://token.actions.githubusercontent.com",
  buildkite: "https://agent.buildkite.com",
};

/** A page's rules as they stand there, but for where the issuer's keys are. */
export function rulesOf(page: string, issuer: TestIssuer): Parsed {
  const [rules] = parse(accessRules().get(page) ?? "") as Parsed[];
  for (const one of rules.issuers) one.jwks_uri = issuer.jwksUri;
  return rules;
}

/** A token of a page's job, good for its rules unless something is changed. */
export async function tokenOf(page: Page, issuer: TestIssuer, changes: Changes = {}): Promise<string> {
  const [{ issuer: iss = ISSUERS[page], audience: aud }] = rulesOf(page, issuer).issuers;
  return await issuer[page]({ iss, aud, ...changes });
}

/** A server with the rules of all pages, and where each page's jobs get their tokens. `await using` closes all. */
export class KeylessServer implements AsyncDisposable {
  readonly #issuer: TestIssuer;
  readonly server: Server;
  readonly tokens: ReadonlyMap<string, TokenEndpoint>;
  /** What its tokens say otherwise than good ones. */
  changes: Changes = {};

  private constructor(issuer: TestIssuer, server: Server, tokens: ReadonlyMap<string, TokenEndpoint>) {
    this.#issuer = issuer;
    this.server = server;
    this.tokens = tokens;
  }

  static async start(): Promise<KeylessServer> {
    const [issuer, server] = [await TestIssuer.start(), await Server.start()];
    const pages = [...accessRules().keys()] as Page[];
    const issuers = pages.flatMap((page) => rulesOf(page, issuer).issuers.map((one: object) => ({ ...one, audience: server.url })));
    // Each name stands for itself on its page.
    for (const [at, one] of issuers.entries()) for (const rule of (one as Parsed).rules) rule.name = `${pages[at]}-${rule.name}`;
    const file = path.join(server.directory, "access.json");
    await writeFile(file, JSON.stringify({ issuers }));
    await server.stop();
    await server.restart({ CALL_ME_ACCESS: file });
    const tokens = new Map<string, TokenEndpoint>();
    for (const page of pages) tokens.set(page, await TokenEndpoint.start({ life: 300 }));
    const made = new KeylessServer(issuer, server, tokens);
    for (const [page, endpoint] of tokens) endpoint.mint = (aud) => tokenOf(page as Page, issuer, { aud, ...made.changes });
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const endpoint of this.tokens.values()) await endpoint[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await this.#issuer[Symbol.asyncDispose]();
  }
}
