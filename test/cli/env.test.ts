import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type ApplyEnvironmentsRequest, ChangeKind } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { BadRequestSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { refusal, ScriptedServer } from "./scripted.ts";
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
  expect(stdout).toBe("+ db (pool default)\n~ uat (pool default): capacity, default_ttl\n");
  expect(requests).toMatchObject([{ dryRun: true, prune: false, withBefore: true }]);
});

test.each([
  [
    '[{"name":"uat"},\n{"name":"db","capcity":2}]',
    /environments\.json:2: environments\[1\]: "capcity" is unknown; did you mean "capacity"\?/,
  ],
  ['[{"name":"uat","default_tll":"1h"}]', /environments\[0\]: "default_tll" is unknown; did you mean "default_ttl"\?/],
  [
    '[{"name":"uat","size":2}]',
    /environments\[0\]: "size" is unknown; there are name, pool, description, labels, capacity, variables, defaultTtl/,
  ],
  ['{"environments":[],"prune":true}', /:1: "prune" is unknown beside "environments"; give --prune instead/],
  ['{"environments":[],\n"fleets":[]}', /:2: "fleets" is unknown beside "environments"; take it out/],
  ['{"environments":[],"constructor":[]}', /:1: "constructor" is unknown beside "environments"; take it out/],
  ['[{"name":"uat","__proto__":{}}]', /:1: environments\[0\]: "__proto__" is unknown; there are name, pool/],
  ['{"environments":null}', /:1: environments: got null; write \{"environments": \[…\]\}/],
  ["{}", /:1: environments is missing; write \{"environments": \[…\]\}/],
  ["{", /:1: this is no JSON: /],
  ['[{"name":"uat"}\n{"name":"db"}]', /:2: this is no JSON: Expected ',' or '\]'/],
  ["", /environments\.json is empty/],
  ["# nothing yet\n", /environments\.json is empty/],
  ["3", /:1: 3 is no fleet; write \{"environments": \[…\]\}, or the list alone/],
  ['[{"name":"uat","capacity":"many"}]', /environments\[0\]\.capacity: got "many"; write a whole number, e\.g\. 2/],
  ['[{"name":"uat","defaultTtl":1800}]', /environments\[0\]\.defaultTtl: got 1800; write a duration like 30s, 15m, 1h30m or 2d/],
  ['[{"name":"uat","maxTtl":"99999999999999d"}]', /environments\[0\]\.maxTtl: got "9+d"; write a duration like/],
  ['[{"name":"uat","labels":\n{"rack":12}}]', /:2: environments\[0\]\.labels\.rack: got 12; write a text, in quotes: "12"/],
  [
    "- name: uat\n  variables: {Q: plain}\n",
    /:2: environments\[0\]\.variables\.Q: got "plain"; write an object, e\.g\. \{value: plain\}\n$/,
  ],
  [
    "- name: uat\n  variables: {Q: 1.10}\n",
    /:2: environments\[0\]\.variables\.Q: got 1\.10; write an object, e\.g\. \{value: "1\.10"\}\n$/,
  ],
  ["- name: uat\n  variables: {Q: https://a}\n", /write an object, e\.g\. \{value: "https:\/\/a"\}\n$/],
  ["- name: uat\n  variables: {Q: [a]}\n", /got a list; write an object, e\.g\. \{value: "text"\}\n$/],
  ['[{"name":"uat","links":{"a b":{}}}]', /environments\[0\]\.links\["a b"\]: got an object; write a text/],
  ['[{"name":"uat","labels":[]}]', /environments\[0\]\.labels: got a list; write an object/],
  ['[{"name":"uat","name":"db"}]', /:1: "name" is given twice; give it once/],
  ['[{"default_ttl":"1h",\n"defaultTtl":"2h"}]', /:2: environments\[0\]\.defaultTtl: is given before, as default_ttl; give it once/],
  ["- name: uat\n-\n", /:2: environments\[1\]: got null; write an object, e\.g\. \{name: uat\}/],
  ["- name: uat\n\tcapacity: 2\n", /:2: a tab indents this line; YAML wants spaces/],
  ["- name: uat\n---\n- name: db\n", /:2: a second document begins here; put all into one/],
  ["- name: uat\n  capacity 2\n", /:2: this is neither JSON nor YAML: /],
  ["- name: !env UAT\n", /:1: this is neither JSON nor YAML: Unresolved tag: !env/],
  ["- *board\n", /:1: nothing before it is called &board/],
  ["- &board [*board]\n", /:1: this contains itself/],
  ["- ? [a]\n  : 2\n", /:1: a key must be a text/],
  ["- name: uat\n  <<: board\n", /:2: << takes in objects/],
])("env apply refuses %j before any call", async (content, words) => {
  const { code, stdout, stderr } = await type(["env", "apply", file(content), "--url", "http://127.0.0.1:1"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(words);
});

test.each(["1.10", "007", "1e5", "0x1F", "12345678901234567890", "True"])("env apply quotes %s as the file writes it", async (text) => {
  const { stderr } = await type(["env", "apply", file(`- name: uat\n  labels: {rack: &a ${text}}\n`), "--url", "http://127.0.0.1:1"]);
  expect(stderr).toContain(`.labels.rack: got ${text}; write a text, in quotes: "${text}"\n`);
});

test("env apply shows which field the server refused", async () => {
  const applyEnvironments = () => {
    const fieldViolations = [{ field: "environments[0].capacity", description: "must be 1 to 10000" }];
    throw new ConnectError("invalid request", Code.InvalidArgument, undefined, [{ desc: BadRequestSchema, value: { fieldViolations } }]);
  };
  await using server = await new ScriptedServer({ environments: { applyEnvironments } }).start();
  const { code, stderr } = await type(["env", "apply", file('[{"name":"uat","capacity":0}]')], { CALL_ME_URL: server.url });
  expect(code).toBe(2);
  expect(stderr).toMatch(/environments\.json:1: invalid request; environments\[0\]\.capacity: must be 1 to 10000/);
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
