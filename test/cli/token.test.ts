/** The command line in a CI job that has no key, but a token that says which job it is: rule 13 of clients/README.md. */
import { readFileSync } from "node:fs";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { held, ScriptedServer as OneLease } from "../clients/scripted.ts";
import { claimsFor, TokenEndpoint, unsigned } from "../clients/token-endpoint.ts";
import { Server } from "../outside/server.ts";
import { lease, refusal, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";
import { Wrapped } from "./wrapped.ts";

/** What opened each call that came. */
let opened: string[] = [];
let server: ScriptedServer;
let endpoint: TokenEndpoint;
/** What `Check` and ListEnvironments refuse. */
let isRefused: (bearer: string) => boolean = () => false;

beforeEach(async () => {
  opened = [];
  isRefused = () => false;
  const note = ({ requestHeader }: { requestHeader: Headers }) => {
    const bearer = requestHeader.get("authorization");
    opened.push(requestHeader.get("x-api-key") ?? bearer ?? "nothing");
    if (bearer !== null && isRefused(bearer)) throw refusal(Code.Unauthenticated, "WRONG_KEY", "the key is not known to this server");
    if (opened.at(-1) === "nothing") throw refusal(Code.Unauthenticated, "NO_KEY", "this server asks for a key");
  };
  server = await new ScriptedServer({
    locks: {
      check: (_, call) => {
        note(call);
        return { available: true };
      },
      watchEnvironment: async function* (_, call) {
        note(call);
        yield { environments: [{ name: "uat", available: true }] };
      },
      release: (_, call) => {
        note(call);
        return { lease: lease(LeaseState.ENDED) };
      },
    },
    environments: {
      listEnvironments: (_, call) => {
        note(call);
        return {};
      },
    },
  }).start();
  endpoint = await TokenEndpoint.start({ life: 3600 });
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await endpoint[Symbol.asyncDispose]();
});

test("a call bears the job's token, which GitHub is told to hide in the log", async () => {
  const { code, stdout, stderr } = await type(["check", "uat"], { CALL_ME_URL: server.url, GITHUB_ACTIONS: "true", ...endpoint.env });
  const [token] = endpoint.tokens;
  expect(code).toBe(0);
  expect(opened).toEqual([`Bearer ${token}`]);
  expect(stderr).toBe(`::add-mask::${token}\n`);
  expect(stdout).not.toContain(token);
});

test("a stream whose token is refused is opened once more with a new one", async () => {
  isRefused = (bearer) => bearer === `Bearer ${endpoint.tokens[0]}`;
  const { code } = await type(["wait", "uat"], { CALL_ME_URL: server.url, ...endpoint.env });
  expect(code).toBe(0);
  expect(new Set(opened)).toEqual(new Set(endpoint.tokens.map((token) => `Bearer ${token}`)));
});

test("what is done with the lease in hand is opened by its own token, and no other is asked for", async () => {
  const env = { CALL_ME_URL: server.url, CALL_ME_LEASE_ID: "L1", CALL_ME_LEASE_TOKEN: "cml_L1_secret", ...endpoint.env };
  expect((await type(["release"], env)).code).toBe(0);
  expect([opened, endpoint.asked]).toEqual([["cml_L1_secret"], []]);
  expect((await type(["check", "uat"], env)).code).toBe(0);
  expect(opened[1]).toBe(`Bearer ${endpoint.tokens[0]}`);
});

test("a token that is refused ends a command with 3, and names whose it is, for whom, and who can mend it", async () => {
  isRefused = () => true;
  const { code, stderr } = await type(["check", "uat"], { CALL_ME_URL: server.url, ...endpoint.env });
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /does not accept the token of GitHub Actions \(issuer "https:\/\/token\.example", audience "http:.*CALL_ME_ACCESS/,
  );
});

test("a source that nobody knows is a setting that is wrong", async () => {
  const { code, stderr } = await type(["check", "uat"], { CALL_ME_URL: server.url, CALL_ME_ID_TOKEN_SOURCE: "gitlab" });
  expect(code).toBe(3);
  expect(stderr).toContain('CALL_ME_ID_TOKEN_SOURCE "gitlab" is none of auto, given, github, buildkite, circleci, off');
});

test("doctor tells whose token opens the server", async () => {
  await using open = await Server.start({ API_KEY: "" });
  const { stdout } = await type(["doctor"], { CALL_ME_URL: open.url, ...endpoint.env });
  expect(stdout).toMatch(
    /^ok {4}key +anonymous, .*; the job shows its token of GitHub Actions, for audience "http:\/\/127\.0\.0\.1:\d+"; may admin \*$/m,
  );
});

test("whose token has ended is told that, and to show a fresh one", async () => {
  isRefused = () => true;
  const token = unsigned(claimsFor(server.url, -60));
  const { code, stderr } = await type(["check", "uat"], { CALL_ME_URL: server.url, CALL_ME_ID_TOKEN: token });
  expect(code).toBe(3);
  expect(stderr).toMatch(/, which ended at \d.*Show a fresh one/s);
  expect(stderr).not.toContain("Its operator looks");
});

test("doctor, and the error without any key, tell what the job lacks", async () => {
  await using keyed = await Server.start();
  const env = { CALL_ME_URL: keyed.url, GITHUB_ACTIONS: "true" };
  const { stdout } = await type(["doctor"], env);
  expect(stdout).toMatch(/^fail {2}key .*Remedy: set CALL_ME_API_KEY, .*`permissions: id-token: write`$/m);
  expect((await type(["check", "uat"], env)).stderr).toContain("or let the job show who it is: give it `permissions: id-token: write`");
});

test("a command of exec gets no token that the pipeline gave us, under any name; what the CI system gives a job stays", async () => {
  await using scripted = await new OneLease().start();
  scripted.acquire = () => held();
  const token = unsigned(claimsFor(scripted.url, 3600));
  const env = { CALL_ME_ID_TOKEN: token, SHOWN_TWICE: `${token}\n`, ...endpoint.env };
  await using wrapped = await Wrapped.start({ url: scripted.url, key: "" }, "uat", { env });
  const variables = readFileSync(`/proc/${wrapped.processes[0]}/environ`, "utf8");
  expect(variables).not.toContain(token);
  expect(variables).toContain("ACTIONS_ID_TOKEN_REQUEST_TOKEN=ask-for-me");
  expect(scripted.calls[0]).toEqual({ method: "Acquire", key: null, bearer: token });
});
