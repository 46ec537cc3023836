import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type } from "./terminal.ts";

const VERBS = [
  "serve",
  "check",
  "acquire",
  "request",
  "exec",
  "release",
  "renew",
  "reserve",
  "extend",
  "wait",
  "watch",
  "status",
  "queue",
  "history",
  "stats",
  "force-release",
  "doctor",
  "keys create",
  "keys list",
  "keys rotate",
  "keys revoke",
  "whoami",
  "env list",
  "env apply",
  "env delete",
  "env clean",
  "env set-state",
];

test.each(VERBS)("%s --help shows an example, on stdout", async (verb) => {
  const { code, stdout, stderr } = await type([...verb.split(" "), "--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`\\$ (env .*)?call-me ${verb === "request" ? "acquire" : verb}`));
  expect(stdout).toContain("--json");
  expect(stdout).not.toContain("#0");
  expect(stderr).toBe("");
});

test("--help lists the verbs and --version tells the package's version", async () => {
  const help = await type(["--help"]);
  expect(help.code).toBe(0);
  for (const verb of VERBS.filter((one) => one !== "request")) expect(help.stdout).toContain(`call-me ${verb}`);
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(await type(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test.each([
  [["chekc"], /unknown command "chekc"; did you mean "check"\?/],
  [["env", "lst"], /unknown command "env lst"; did you mean "env list"\?/],
  [["frobnicate"], /unknown command "frobnicate"; there are: acquire, check, completion, doctor, env apply/],
  [["env", "delete"], /Not enough positional arguments/],
  [["acquire", "uat", "--ttk", "30s"], /unknown option --ttk; did you mean --ttl\?/],
  [["check", "uat", "--frobnicate"], /unknown option --frobnicate; there are: --help, --json, --key-file, --pool, --selector, --url/],
  [["acquire", "uat", "--name", "-1+1"], /^call-me: --name: a value that begins with a dash is written behind =, as in --name=-1\+1\n$/],
  [["reserve", "uat", "--from", "-5m", "--for", "1h"], /^call-me: --from: .* --from=-5m\n$/],
  [["history", "--limit", "-1"], /^call-me: --limit: .* --limit=-1\n$/],
  [["exec", "uat", "--reason", "-- a", "--", "true"], /^call-me: --reason: .* --reason='-- a'\n$/],
  [["acquire", "uat=0"], /uat=0 asks for no slot; write uat, or uat=2 for two/],
  [["acquire", "uat", "--slots", "0"], /--slots 0 asks for no slot; write uat, or uat=2 for two/],
  [["acquire", "uat", "db", "--slots", "2"], /--slots is for one environment; write uat=2 db=2/],
  [["acquire", "uat", "--ttl", "soon"], /--ttl "soon" is no duration/],
  [["acquire", "uat", "--priority=high"], /--priority: "high" is no whole number/],
  [["check"], /name an environment, or a pool with --pool/],
  [["check", "uat", "--pool", "p"], /either ENV or --pool/],
  [["watch", "uat", "--since", "yesterday"], /--since "yesterday" is no revision/],
  [["release"], /name an environment, or a lease with --lease/],
  [["release", "uat", "--outcome", "great"], /--outcome "great" is none of ok, failed, broken/],
  [["release", "uat", "--outcome", "constructor"], /--outcome "constructor" is none of ok, failed, broken/],
  [["env", "apply", "/nowhere.json"], /cannot read \/nowhere.json/],
])("a wrong command line ends with 2 and is explained on stderr: %j", async (args, words) => {
  const { code, stdout, stderr } = await type(args);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(words);
});

test("a usage error of several lines begins each of them with our name", async () => {
  const { code, stdout, stderr } = await type(["env", "delete"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  const lines = stderr.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line).toMatch(/^call-me: \S/);
});

test("nothing at all shows the help on stderr", async () => {
  const { code, stdout, stderr } = await type([]);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("call-me acquire");
});
