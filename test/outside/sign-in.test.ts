// People who sign in by a browser: what the page is told of where, and what their tokens open.
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PrincipalKind } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { TestIssuer } from "../access/issuer.ts";
import { CLIENT, People } from "../access/people.ts";
import { clientsOf, refusal } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

interface Settings {
  readonly signIn: readonly {
    readonly issuer: string;
    readonly label: string;
    readonly clientId: string;
    readonly scopes: readonly string[];
    readonly authorizationEndpoint: string;
    readonly tokenEndpoint: string;
  }[];
}

let issuer: TestIssuer;
let people: People;
let server: Server;
beforeAll(async () => {
  issuer = await TestIssuer.start();
  people = new People(issuer);
  server = await Server.start();
  await server.stop();
  await write({ client_id: CLIENT, label: "Sign in with Acme" });
  await server.restart({ CALL_ME_ACCESS: file() });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

const file = () => path.join(server.directory, "access.json");

async function write(browser: object | undefined): Promise<void> {
  const rules = [{ name: "testers", claims: { groups: "/testers" }, label: "email", grants: [{ role: "USE", patterns: ["uat-*"] }] }];
  const one = { provider: "other", issuer: issuer.url, jwks_uri: issuer.jwksUri, rules };
  await writeFile(file(), JSON.stringify({ issuers: [browser === undefined ? { ...one, audience: "x" } : { ...one, browser }] }));
}

/** The settings, once they are as wanted. */
async function settings(isWanted: (settings: Settings) => boolean): Promise<Settings> {
  const found = await eventually(async () => {
    const told = (await (await fetch(`${server.url}/_page/settings.json`)).json()) as Settings;
    return isWanted(told) && told;
  });
  return found;
}

async function mayConnectTo(): Promise<string[]> {
  const policy = (await fetch(`${server.url}/`)).headers.get("content-security-policy") ?? "";
  return (/connect-src ([^;]*)/.exec(policy)?.[1] ?? "").split(" ");
}

test("the page is told where to send them, and may ask there for their token, which opens what its rule grants", async () => {
  const { signIn } = await settings(({ signIn }) => signIn.length > 0);
  expect(signIn).toEqual([
    {
      issuer: issuer.url,
      label: "Sign in with Acme",
      clientId: CLIENT,
      scopes: ["openid", "profile", "email"],
      authorizationEndpoint: `${issuer.url}/authorize`,
      tokenEndpoint: `${issuer.url}/token`,
    },
  ]);
  expect(await mayConnectTo()).toEqual(["'self'", issuer.url]);
  const [verifier, redirect] = [randomBytes(32).toString("base64url"), `${server.url}/`];
  const asked = { client_id: CLIENT, redirect_uri: redirect, response_type: "code", scope: "openid", state: "s", nonce: "n" };
  const challenge = { code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256" };
  const sent = await fetch(`${signIn[0]?.authorizationEndpoint}?${new URLSearchParams({ ...asked, ...challenge })}`, {
    redirect: "manual",
  });
  const code = new URL(sent.headers.get("location") ?? "").searchParams.get("code") ?? "";
  const spent = { grant_type: "authorization_code", client_id: CLIENT, code, redirect_uri: redirect, code_verifier: verifier };
  const answer = await fetch(signIn[0]?.tokenEndpoint ?? "", { method: "POST", body: new URLSearchParams(spent) });
  const { id_token: token } = (await answer.json()) as { readonly id_token: string };
  const { access, locks } = clientsOf({ url: server.url, key: token });
  expect(await access.whoAmI({})).toMatchObject({ principal: "oidc:testers:f3a1", kind: PrincipalKind.OIDC, label: "ada@example.com" });
  expect(await refusal(locks.acquire({ environment: "prod" }))).toBe("permission_denied NOT_ALLOWED");
});

test("SIGHUP takes it away, and with it what the page may ask for elsewhere", async () => {
  await settings(({ signIn }) => signIn.length === 1);
  await write(undefined);
  server.signal("SIGHUP");
  await settings(({ signIn }) => signIn.length === 0);
  expect(await mayConnectTo()).toEqual(["'self'"]);
  await write({ client_id: CLIENT });
  server.signal("SIGHUP");
  await settings(({ signIn }) => signIn.length === 1);
});

test.each([
  ["another issuer's", { issuer: "https://evil.example.com" }, /its issuer is "https:\/\/evil\.example\.com", not http/],
  ["with an endpoint in clear text", { token_endpoint: "http://sso.example.com/token" }, /its token_endpoint is no https address/],
  ["with an endpoint that would be a policy of its own", { token_endpoint: "https://a;script-src*/" }, /its token_endpoint is no/],
  ["without endpoints", { authorization_endpoint: undefined }, /its authorization_endpoint is no https address/],
])("nobody is sent anywhere by a document that is %s, and the log says why", async (_, changes, why) => {
  people.changes = changes;
  // Another place, which knows nothing yet.
  await write({ client_id: CLIENT, label: `Sign in ${why.source.slice(0, 40)}` });
  server.signal("SIGHUP");
  const told = await eventually(() => server.log.find((line) => typeof line["why"] === "string" && why.test(line["why"])));
  expect(told.msg).toMatch(/^where people sign in cannot be learned/);
  await settings(({ signIn }) => signIn.length === 0);
  expect(await mayConnectTo()).toEqual(["'self'"]);
  people.changes = {};
});

test("endpoints that the file names are known while the issuer is down", async () => {
  const endpoints = { authorization_endpoint: "https://sso.example.com/authorize", token_endpoint: "https://token.example.com:8443/token" };
  await write({ client_id: CLIENT, scopes: "openid", ...endpoints });
  server.signal("SIGHUP");
  const { signIn } = await settings((told) => told.signIn.length === 1);
  expect(signIn[0]).toMatchObject({ scopes: ["openid"], tokenEndpoint: endpoints.token_endpoint, label: "Sign in" });
  expect(await mayConnectTo()).toEqual(["'self'", "https://token.example.com:8443"]);
});
