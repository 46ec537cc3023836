import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type ApplyEnvironmentsRequest, ChangeKind } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { BadRequestSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { refusal, ScriptedServer } from "./fake.ts";
import { type } from "./terminal.ts";

function file(content: string): string {
  const name = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-")), "environments.json");
  writeFileSync(name, content);
  return name;
}

/** A server that keeps what was applied. */
async function applied() {
  const requests: ApplyEnvironmentsRequest[] = [];
  const server = await new ScriptedServer({
    environments: {
      applyEnvironments: (request) => {
        requests.push(request);
        return {
          changes: [
            { name: "db", pool: "default", kind: ChangeKind.CREATED },
            { name: "old", pool: "default", kind: ChangeKind.UNCHANGED },
            { name: "uat", pool: "default", kind: ChangeKind.UPDATED, fields: ["capacity", "default_ttl"] },
          ],
        };
      },
    },
  }).start();
  return { server, requests };
}

const CONFIG = [{ name: "uat", capacity: 2, defaultTtl: "1800s", labels: { region: "eu" } }];

test.each([
  ["an object", { environments: CONFIG }],
  ["an array", CONFIG],
])("env apply takes %s and prints what changed", async (_, document) => {
  const { server, requests } = await applied();
  await using _server = server;
  const { code, stdout } = await type(["env", "apply", file(JSON.stringify(document)), "--prune"], { CALL_ME_URL: server.url });
  expect(code).toBe(0);
  expect(stdout).toBe("created db (pool default)\nunchanged old (pool default)\nupdated uat (pool default): capacity, default_ttl\n");
  expect(requests).toMatchObject([
    { environments: [{ name: "uat", capacity: 2, defaultTtl: { seconds: 1800n } }], prune: true, dryRun: false },
  ]);
});

test("env apply --dry-run reads stdin as well and says what would change", async () => {
  const { server, requests } = await applied();
  await using _ = server;
  const { stdout } = await type(["env", "apply", "-", "--dry-run"], { CALL_ME_URL: server.url }, { stdin: JSON.stringify(CONFIG) });
  expect(stdout).toMatch(/^would be created db .*\nunchanged old .*\nwould be updated uat/);
  expect(requests).toMatchObject([{ dryRun: true, prune: false }]);
});

test.each([
  ['[{"name":"uat"},{"name":"db","capcity":2}]', /environments\[1\]: .*"capcity"/],
  ['{"environments":[],"prune":true}', /unknown field "prune"/],
  ["{", /is not JSON/],
  ["3", /must hold \{"environments": \[…\]\} or an array/],
  ['[{"name":"uat","capacity":"many"}]', /environments\[0\]: .*capacity/],
])("env apply refuses %j before any call", async (content, words) => {
  const { code, stdout, stderr } = await type(["env", "apply", file(content), "--url", "http://127.0.0.1:1"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(words);
});

test("env apply shows which field the server refused", async () => {
  const applyEnvironments = () => {
    const fieldViolations = [{ field: "environments[0].capacity", description: "must be 1 to 10000" }];
    throw new ConnectError("invalid request", Code.InvalidArgument, undefined, [{ desc: BadRequestSchema, value: { fieldViolations } }]);
  };
  await using server = await new ScriptedServer({ environments: { applyEnvironments } }).start();
  const { code, stderr } = await type(["env", "apply", file('[{"name":"uat","capacity":0}]')], { CALL_ME_URL: server.url });
  expect(code).toBe(2);
  expect(stderr).toContain("invalid request; environments[0].capacity: must be 1 to 10000");
});

test("env list reads every page", async () => {
  const names = ["a", "b", "c"];
  const listEnvironments = ({ pageToken }: { pageToken: string }) => {
    const at = Number(pageToken || 0);
    const environments = [{ name: names[at] ?? "", pool: "default", state: EnvironmentState.AVAILABLE, capacity: 1, description: "" }];
    return { environments, nextPageToken: at === 2 ? "" : `${at + 1}` };
  };
  await using server = await new ScriptedServer({ environments: { listEnvironments } }).start();
  const { stdout } = await type(["env", "list"], { CALL_ME_URL: server.url });
  expect(stdout.split("\n")).toEqual([
    "STATE      ENVIRONMENT  POOL     CAPACITY  DESCRIPTION",
    ...names.map((name) => `available  ${name}            default  1`),
    "",
  ]);
  const json = await type(["env", "list", "--json"], { CALL_ME_URL: server.url });
  expect(JSON.parse(json.stdout).environments.map(({ name }: { name: string }) => name)).toEqual(names);
});

test("env delete says what it deleted, or why not", async () => {
  const deleteEnvironment = ({ environment }: { environment: string }) => {
    if (environment === "uat") throw refusal(Code.FailedPrecondition, "ENVIRONMENT_IN_USE", "uat is held by lease L1");
    return { environment: { name: environment } };
  };
  await using server = await new ScriptedServer({ environments: { deleteEnvironment } }).start();
  const env = { CALL_ME_URL: server.url };
  expect(await type(["env", "delete", "db"], env)).toEqual({ code: 0, stdout: "deleted environment: db\n", stderr: "" });
  expect(await type(["env", "delete", "uat"], env)).toEqual({ code: 1, stdout: "", stderr: "call-me: uat is held by lease L1\n" });
});
