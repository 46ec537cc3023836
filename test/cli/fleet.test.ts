/** The fleet as a file: what `env list` prints can be applied, whatever wrote it down, and what cannot is told with its line. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { create, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { fleetIn, OUTPUT_ONLY } from "../../cli/fleet/environments.ts";
import { fleetYaml } from "../../cli/fleet/writing.ts";
import { type Environment, EnvironmentSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { type Clients, clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

let server: Server;
let clients: Clients;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => clients.environments.applyEnvironments({ prune: true }));

const say = (args: string[], stdin = "") => type(args, env, { stdin });

function file(content: string | Buffer, name = "fleet.yaml"): string {
  const at = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-")), name);
  writeFileSync(at, content);
  return at;
}

const FLEET = `# Boards of the lab, from left to right.
pools:
  - name: lab
    max_queue: 20
    autoCreate: false
environments:
  - &board
    name: board-1
    pool: lab
    capacity: 2 # two cables
    defaultTtl: 1h30m
    lock_delay: 0s
    labels: { os: linux, "yes": "no" }
    links: { page: "https://lab/1" }
  - <<: *board
    name: board-2
    capacity: 1
  - name: uat
`;

test("YAML with comments, anchors and durations is applied, and applies again without a change", async () => {
  const { code, stdout } = await say(["env", "apply", file(FLEET)]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: "created pool lab\ncreated board-1 (pool lab)\ncreated board-2 (pool lab)\ncreated uat (pool default)\n",
  });
  const { environment } = await clients.environments.getEnvironment({ environment: "board-2" });
  expect(environment).toMatchObject({
    capacity: 1,
    defaultTtl: { seconds: 5_400n },
    lockDelay: { seconds: 0n },
    labels: { os: "linux", yes: "no" },
  });
  expect((await say(["env", "apply", "-"], FLEET)).stdout).toMatch(/^(unchanged .*\n){4}$/);
});

test("what env list prints is applied as it is: JSON with one word on what is left out, YAML without", async () => {
  await say(["env", "apply", "-"], FLEET);
  await clients.environments.setEnvironmentState({ environment: "uat", state: 3, reason: "db upgrade" });
  await fetch(`${server.url}/maybe?environment=${encodeURIComponent("old: rack 7")}`, {
    method: "POST",
    headers: { "x-api-key": server.key },
  });
  const json = await say(["env", "apply", "-", "--prune"], (await say(["env", "list", "--json"])).stdout);
  expect(json.stdout).toMatch(/^(unchanged .*\n){5}$/);
  expect(json.stderr.match(/left out.*/g)).toEqual([
    "left out what only the server sets: nextPageToken, state, stateReason, onDemand, facts",
  ]);
  const yaml = (await say(["env", "list", "--yaml"])).stdout;
  expect(yaml).toContain("defaultTtl: 1h30m\n");
  const again = await say(["env", "apply", "-"], yaml);
  expect(again.stdout).toMatch(/^(unchanged .*\n){5}$/);
  expect(again.stderr).not.toContain("left out");
  await fetch(`${server.url}/maybe?environment=${encodeURIComponent("old: rack 7")}`, {
    method: "DELETE",
    headers: { "x-api-key": server.key },
  });
});

test("anchors that stand under a name of the file's own, x-…, are used where they are wanted", async () => {
  const text =
    "x-board: &board { pool: lab, capacity: 2 }\nenvironments:\n  - { <<: *board, name: board-1 }\n  - { <<: *board, name: board-2 }\n";
  expect((await say(["env", "apply", "-"], text)).stdout).toBe("created board-1 (pool lab)\ncreated board-2 (pool lab)\n");
});

test("a name that was made on demand is a comment in the YAML, and in the list told as such", async () => {
  await clients.environments.applyEnvironments({ environments: [{ name: "uat" }] });
  const { lease } = await clients.locks.acquire({ environment: "made-up" });
  expect((await say(["env", "list", "--yaml"])).stdout).toBe(
    'environments:\n  - name: uat\n# Made on demand, and configured by nobody:\n# - name: "made-up"\n',
  );
  expect((await say(["env", "list"])).stdout).toMatch(/^available +made-up +default +1 +\(made on demand\)$/m);
  await clients.locks.release({ leaseId: lease?.id ?? "" });
});

test.each<[string, (text: string) => string | Buffer]>([
  ["a byte order mark", (text) => `\uFEFF${text}`],
  ["lines as of Windows", (text) => text.replaceAll("\n", "\r\n")],
  ["UTF-16, as of Windows PowerShell", (text) => Buffer.from(`\uFEFF${text}`, "utf16le")],
])("a file with %s is read, YAML and JSON", async (_, made) => {
  expect((await say(["env", "apply", file(made(FLEET)), "--dry-run"])).stdout).toMatch(/^(\+ .*\n){4}$/);
  const json = '{\n\t"environments": [\n\t\t{"name": "uat"}\n\t]\n}\n';
  expect((await say(["env", "apply", file(made(json)), "--dry-run"])).stdout).toBe("+ uat (pool default)\n");
});

test.each([
  ["a directory", os.tmpdir(), /cannot read .*EISDIR/],
  ["a file that is not there", "/nowhere/fleet.yaml", /cannot read \/nowhere\/fleet.yaml: ENOENT/],
  ["a file without an end", "/dev/zero", /\/dev\/zero is larger than 16 MiB; apply it in parts/],
  ["what is no text", file(Buffer.from([0x5b, 0xff, 0x5d])), /fleet.yaml is no UTF-8 text; save it as UTF-8/],
])("%s is told as such", async (_, name, words) => {
  const { code, stderr } = await say(["env", "apply", name]);
  expect(code).toBe(2);
  expect(stderr).toMatch(words);
});

test("a file that says a lot by few aliases is refused, however they are nested", async () => {
  const nested = Array.from(
    { length: 10 },
    (_, level) => `  a${level}: &a${level} [${Array(9).fill(level === 0 ? "x" : `*a${level - 1}`)}]\n`,
  );
  const labels = Array.from({ length: 5_000 }, (_, index) => `k${index}: v`);
  const merged = `- &a\n  name: a\n  labels: {${labels.join()}}\n${"- <<: *a\n".repeat(5_000)}`;
  for (const text of [`- labels:\n${nested.join("").replaceAll(/^/gm, "  ")}`.trimEnd(), merged])
    expect((await say(["env", "apply", file(text)])).stderr).toMatch(
      /this is more than 2000000 values, aliases counted; apply it in parts\n$/,
    );
  expect((await say(["env", "apply", file("[".repeat(100_000))])).stderr).toMatch(/fleet.yaml:1: this is nested too deeply\n$/);
});

test("what the server refuses is told with the line, whichever way the field is written", async () => {
  await say(["env", "apply", "-"], FLEET);
  for (const [text, code, words] of [
    ["- name: a\n- name: b\n  defaultTtl: 40d\n", 2, "fleet.yaml:3: environments[1].defaultTtl: 40d is out of range; give 1s to 30d"],
    ["- name: a\n  max_hold: 400d\n", 2, "fleet.yaml:2: environments[0].max_hold: 400d is out of range; give 1s to 30d"],
    ["environments:\n- name: a\n- name: b c\n", 2, 'fleet.yaml:3: environments[1].name: "b c" is not a name; use 1 to 128 of'],
    ["- name: a\n- capacity: 2\n", 2, 'fleet.yaml:2: environments[1].name: "" is not a name'],
    [
      "- name: a\n- name: b\n- name: a\n",
      2,
      'fleet.yaml:3: environments[2].name: "a" is given twice: it is the name of environments[0], too',
    ],
    [
      "- name: a\n  links:\n    the page: ftp://a\n",
      2,
      'fleet.yaml:3: environments[0].links["the page"]: "ftp://a" is not an http or https address',
    ],
    [
      "pools: [{name: lab}, {name: other, max_queue: 30000}]\nenvironments: []\n",
      2,
      "fleet.yaml:1: pools[1].max_queue: 30000 is out of range; give 0 to 20000",
    ],
    ["pools:\n- {name: lab, maxQeue: 2}\nenvironments: []\n", 2, 'fleet.yaml:2: pools[0]: "maxQeue" is unknown; did you mean "maxQueue"?'],
    ["pools: 3\nenvironments: []\n", 2, "fleet.yaml:1: pools: got 3; write a list"],
    ["pool: []\nenvironments: []\n", 2, 'fleet.yaml:1: "pool" is unknown beside "environments"; did you mean "pools"?'],
    [
      "x-kind: &kind\n  labels: { os: linux }\n  max_hold: 400d\nenvironments:\n  - { <<: [*kind], name: a }\n",
      2,
      "fleet.yaml:3: environments[0].max_hold: 400d is out of range",
    ],
    [
      "x-one: &one\n  defaultTtl: 400d\nx-two: &two\n  <<: *one\n  capacity: two\nenvironments:\n  - { <<: *two, name: a, capacity: 1 }\n",
      2,
      "fleet.yaml:2: environments[0].defaultTtl: 400d is out of range",
    ],
    ["- name: a\n- name: uat\n  pool: lab\n", 1, 'fleet.yaml:2: environment "uat" is in pool "default"'],
  ] as const) {
    const told = await say(["env", "apply", file(text)]);
    expect(told.code).toBe(code);
    expect(told.stderr).toContain(words);
  }
});

test("what is too large for a request is told with the file", async () => {
  await using other = await Server.start();
  const large = JSON.stringify(Array.from({ length: 10_000 }, (_, index) => ({ name: `a${index}`, description: "x".repeat(500) })));
  const { code, stderr } = await type(["env", "apply", file(large)], { CALL_ME_URL: other.url, CALL_ME_API_KEY: other.key });
  expect(code).toBe(1);
  expect(stderr).toMatch(/fleet.yaml: the request is larger than 4096 KiB/);
});

test("who applies is told that other names are still served, and a strict server says nothing", async () => {
  const { stderr } = await say(["env", "apply", "-", "--dry-run"], FLEET);
  expect(stderr).toBe(
    "call-me: would be 4 created, 0 changed, 0 deleted, 0 unchanged\n" +
      "call-me: any other name still gets an environment of its own when it is asked for; CALL_ME_AUTO_CREATE=off at the server ends that\n",
  );
  await using strict = await Server.start({ CALL_ME_AUTO_CREATE: "off" });
  const quiet = await type(["env", "apply", "-"], { CALL_ME_URL: strict.url, CALL_ME_API_KEY: strict.key }, { stdin: "environments: []" });
  expect(quiet).toEqual({ code: 0, stdout: "", stderr: "call-me: stdin names no environment\n" });
});

test("every field that the contract calls output only is left out", () => {
  const proto = readFileSync("proto/callme/v1/environment_service.proto", "utf8");
  const message = /^message Environment \{(.*?)^\}/ms.exec(proto)?.[1] ?? "";
  const fields = [...message.matchAll(/Output only.*\n +(?:map<.*>|\S+) (\w+) =/g)].map(([, name]) => name);
  expect(new Set(fields)).toEqual(OUTPUT_ONLY);
});

test("whatever texts and lengths an environment has, the YAML says the same, without a character that a terminal obeys", async () => {
  const text = fc.string({ unit: fc.constantFrom(..."aZ09 -_./:#'\"\\{}[]&*!|>%@`,?~\u202e\u0085\u2028é😀"), maxLength: 12 });
  const word = fc.oneof(
    text,
    fc.constantFrom("yes", "null", "1e3", "0x1", "12:30", "1h30m", "0d", "section_start:1", "##[x]", "::error::", "~", "<<", "=", "-", ""),
  );
  const length = fc.option(fc.record({ seconds: fc.bigInt(0n, 3_000_000n), nanos: fc.nat(999_999_999) }), { nil: undefined });
  const environment = fc.record({
    name: word,
    pool: word,
    description: word,
    labels: fc.dictionary(word, word, { maxKeys: 3 }),
    capacity: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
    defaultTtl: length,
    cooldown: length,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(environment, { maxLength: 3 }), async (given) => {
      const said = given.map(({ capacity, defaultTtl, cooldown, ...one }) =>
        create(EnvironmentSchema, {
          ...one,
          ...(capacity !== undefined && { capacity }),
          ...(defaultTtl && { defaultTtl }),
          ...(cooldown && { cooldown }),
        }),
      );
      const yaml = fleetYaml(said);
      expect(yaml).not.toMatch(/[\u202e\u0085\u2028]|^ *(##|::)|section_start:/m);
      const read = fleetIn(await FleetDocument.parse("fleet.yaml", yaml)).environments;
      const usual = (one: Environment) => ({
        ...(toJson(EnvironmentSchema, one) as object),
        pool: one.pool || "default",
        capacity: one.capacity ?? 1,
      });
      expect(read.map(usual)).toEqual(said.map(usual));
    }),
  );
});
