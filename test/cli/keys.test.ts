// Keys from the command line: made, shown, rotated and revoked, and what becomes of their secrets.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { type } from "./terminal.ts";

const SECRET = /^cmk_([0-9a-z]{10})_[0-9A-Za-z]{49}\n$/;
const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-keys-"));

let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());

const say = (...args: string[]) => type(args, env);

/** A new key, as its user has it. */
async function make(...args: string[]): Promise<{ id: string; secret: string; as: Record<string, string> }> {
  const { stdout } = await say("keys", "create", ...args);
  const [, id = ""] = SECRET.exec(stdout) ?? [];
  return { id, secret: stdout.trim(), as: { CALL_ME_URL: server.url, CALL_ME_API_KEY: stdout.trim() } };
}

/** The only key with this label, as the server tells it. */
async function listed(label: string) {
  const { keys } = JSON.parse((await say("keys", "list", "--all", "--json")).stdout) as { keys: Record<string, unknown>[] };
  const found = keys.filter((key) => key["label"] === label);
  expect(found).toHaveLength(1);
  return found[0];
}

describe("keys create", () => {
  test("prints the secret alone on stdout, and what to do with it on stderr", async () => {
    const { code, stdout, stderr } = await say("keys", "create", "team a", "--role", "use", "--on", "team-a/*");
    expect(code).toBe(0);
    expect(stdout).toMatch(SECRET);
    const [, id] = SECRET.exec(stdout) ?? [];
    expect(stderr.split("\n")).toEqual([
      `call-me: made key ${id} (team a): use:team-a/*; it does not expire`,
      "call-me: its secret is on stdout, and cannot be shown again: give it to who calls as CALL_ME_API_KEY, as a masked secret of CI",
      "",
    ]);
  });

  test("warns of a pattern in which brackets are taken for a choice, and makes the key", async () => {
    const { code, stdout, stderr } = await say("keys", "create", "choice", "--role", "use", "--on", "team-[ab]/*,team-c/*");
    expect(code).toBe(0);
    expect(stdout).toMatch(SECRET);
    const warned = stderr.split("\n").filter((line) => line.includes("only * and ?"));
    expect(warned).toEqual([
      expect.stringContaining('"team-[ab]/*" is a pattern in which only * and ? mean something: [ stands for itself'),
    ]);
  });

  test("takes several patterns, bounds, further grants and a lifetime, and shows them as they were written", async () => {
    const grants = ["--role", "ROLE_USE", "--on", "a-*,b-*", "--on", "boards:*", "--max-hold", "90m", "--max-leases", "5"];
    const { stderr } = await say(
      ...["keys", "create", "several", ...grants, "--max-priority=-1", "--ttl", "90d"],
      ...["--grant", "operate:*", "--grant", "clean:boards:c-?; max_hold=2h"],
    );
    const shown = "use:a-*,b-*,boards:*;max-hold=1h30m;max-priority=-1;max-leases=5 operate:* clean:boards:c-?;max-hold=2h";
    expect(stderr).toContain(`(several): ${shown}; until 20`);
    expect(await listed("several")).toMatchObject({
      grants: [
        { role: "ROLE_USE", patterns: ["a-*", "b-*", "boards:*"], maxHold: "5400s", maxPriority: -1, maxLeases: 5 },
        { role: "ROLE_OPERATE", patterns: ["*"] },
        { role: "ROLE_CLEAN", patterns: ["boards:c-?"], maxHold: "7200s" },
      ],
      expiresAt: expect.any(String),
    });
  });

  test.each([
    [["x"], /say what it allows: --role use --on 'team-a\/\*'/],
    [["x", "--role", "use"], /say what use is for: --on 'team-a\/\*'/],
    [["x", "--role", "use", "--on", "a,,b"], /say what use is for: --on/],
    [["x", "--role", "user", "--on", "a"], /--role "user" is none of view, use, reserve, operate, clean, admin/],
    [["x", "--role", "use", "--on", "a", "--role", "view"], /give --role once, .*: --grant 'view:team-a\/\*'/],
    [["x", "--role", "use", "--on", "a", "--max-hold", "long"], /--max-hold "long" is no duration/],
    [["x", "--role", "use", "--on", "a", "--max-leases", "few"], /--max-leases "few" is no whole number/],
    [["x", "--grant", "use"], /--grant "use" is no grant; write it like 'use:team-a\/\*,shared-\*'/],
    [["x", "--grant", "use:a;max-hold=2h;max-hold=3h"], /"max-hold=3h" is none of max-hold=…, max-priority=… and max-leases=…, each once/],
    [["x", "--grant", "use:a;hold=2h"], /"hold=2h" is none of max-hold=…/],
    [["x", "--grant", "use:a;max-hold=long"], /max-hold "long" is no duration/],
    [
      ["x", "--grant", "use:a", "--max-hold", "2h"],
      /--max-hold goes with --role; within --grant write it as in 'use:team-a\/\*;max-hold=2h'/,
    ],
    [["x", "--role", "use", "--on", "a/**"], /grants\[0\]\.patterns\[0\]: .*two \* in a row/],
    [["x", "--role", "use", "--on", "a", "--ttl", "1s"], /ttl/],
  ])("refuses what it cannot take, with the remedy, and makes nothing: %j", async (args, words) => {
    const { code, stdout, stderr } = await say("keys", "create", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(words);
  });

  test("--out writes the secret into a new file of one's own and nowhere else, and touches none that exists", async () => {
    const file = path.join(folder, "dashboard.key");
    const args = ["keys", "create", "dashboard", "--role", "view", "--on", "*", "--out", file];
    const { code, stdout, stderr } = await say(...args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(readFileSync(file, "utf8")).toMatch(SECRET);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(stderr).toContain(`its secret is in ${file}, and cannot be shown again`);
    expect(stderr).not.toContain("cmk_");
    const again = await say(...args);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`--out ${file} exists already`);
    await listed("dashboard");
    const json = await say("keys", "create", "as json", "--role", "view", "--on", "*", "--json", "--out", path.join(folder, "j.key"));
    expect(JSON.parse(json.stdout)).toMatchObject({ key: { label: "as json" }, secret: "" });
    expect((await type(["whoami", "--key-file", file], { CALL_ME_URL: server.url })).stdout).toMatch(/^key:\w+ \(dashboard\), by a key\n/);
  });

  test("leaves no file where no key was made", async () => {
    const file = path.join(folder, "none.key");
    const { code } = await type(["keys", "create", "x", "--role", "use", "--on", "a", "--out", file], { ...env, CALL_ME_API_KEY: "wrong" });
    expect(code).toBe(3);
    expect(() => statSync(file)).toThrow("ENOENT");
  });

  test.each([[[]], [["--json"]]])("revokes a key whose secret could not be written: %j", async (options) => {
    const label = `unwritten ${options}`;
    const full = openSync("/dev/full", "w");
    const args = [BIN, "keys", "create", label, "--role", "view", "--on", "*", ...options];
    const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"], ...env }, stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    const [stderr, [code]] = await Promise.all([text(child.stderr ?? Readable.from([])), once(child, "exit")]);
    expect(stderr).toMatch(/its secret could not be written, so key \w+ is revoked\n.*could not be written to stdout/);
    expect(code).toBe(1);
    expect(await listed(label)).toMatchObject({ revokedAt: expect.any(String) });
  });

  test("has a CI system's log hide the secret before it is printed", async () => {
    const run = { ...env, GITHUB_ACTIONS: "true" };
    const { stdout, stderr } = await type(["keys", "create", "masked", "--role", "view", "--on", "*"], run);
    expect(stdout).toMatch(SECRET);
    expect(stderr.split("\n")[0]).toBe(`::add-mask::${stdout.trim()}`);
    const json = await type(["keys", "create", "masked, too", "--role", "view", "--on", "*", "--json"], run);
    expect(json.stderr.split("\n")[0]).toBe(`::add-mask::${JSON.parse(json.stdout).secret}`);
  });
});

describe("keys list", () => {
  test("shows what keys allow and when they were used, and those that were revoked only if asked", async () => {
    const { id, as } = await make("listed", "--role", "use", "--on", "l-*", "--ttl", "90d");
    const other = await make("gone", "--role", "view", "--on", "*");
    await type(["whoami"], as);
    expect(await say("keys", "revoke", other.id)).toEqual({ code: 0, stdout: `revoked key ${other.id} (gone)\n`, stderr: "" });
    const { stdout, stderr } = await say("keys", "list");
    expect(stdout).toMatch(/^ID +LABEL +CREATED +LAST USED +EXPIRES +GRANTS\n/);
    expect(stdout).toMatch(new RegExp(`^${id} +listed +\\d+ s ago +\\d+ s ago +in 90 d +use:l-\\*$`, "m"));
    expect(stdout).not.toContain(other.id);
    expect(stdout).not.toContain("cmk_");
    expect(stderr).toMatch(/^call-me: (one more was|\d+ more were) revoked; --all shows them\n$/);
    const all = await say("keys", "list", "--all");
    expect(all.stdout).toMatch(new RegExp(`^${other.id} +gone +\\d+ s ago +never +revoked \\d+ s ago +view:\\*$`, "m"));
    expect(all.stderr).toBe("");
  });
});

describe("keys rotate", () => {
  test("gives a new secret, and the one before works until the overlap is over", async () => {
    const { id, secret, as } = await make("rotated", "--role", "view", "--on", "*");
    const { code, stdout, stderr } = await say("keys", "rotate", `key:${id}`, "--overlap", "1h");
    expect(code).toBe(0);
    expect(stdout).toMatch(SECRET);
    expect(stdout.trim()).not.toBe(secret);
    expect(stderr).toMatch(
      new RegExp(`^call-me: rotated key ${id} \\(rotated\\): its new secret is on stdout, .*; the one before works until \\S+`),
    );
    for (const key of [secret, stdout.trim()]) expect((await type(["whoami"], { ...as, CALL_ME_API_KEY: key })).code).toBe(0);
    expect((await say("keys", "list")).stdout).toMatch(/\n {2}the secret before works until /);
    const last = await say("keys", "rotate", id, "--overlap", "0s", "--json");
    expect(last.stderr).toContain("the one before works no more");
    const newest = JSON.parse(last.stdout).secret as string;
    const codes = [];
    for (const key of [secret, stdout.trim(), newest]) codes.push((await type(["whoami"], { ...as, CALL_ME_API_KEY: key })).code);
    expect(codes).toEqual([3, 3, 0]);
  });

  test("of a label names the keys that are labelled like it, since a label is no name", async () => {
    const { id } = await make("Payments", "--role", "view", "--on", "*");
    for (const verb of ["rotate", "revoke"]) {
      const { code, stdout, stderr } = await say("keys", verb, "payment");
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^call-me: there is no key of the id "payment" .*; did you mean key ${id} \\(Payments\\)\\?\n$`));
    }
    expect((await say("keys", "revoke", "nothing-like-it-at-all")).stderr).toContain("call-me keys list shows the ids");
  });

  test("is refused of a key that has ended", async () => {
    const { id } = await make("ended", "--role", "view", "--on", "*");
    await say("keys", "revoke", id);
    const { code, stdout, stderr } = await say("keys", "rotate", id);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`call-me: key ${id} (ended) was revoked; make a new one\n`);
    expect((await say("keys", "revoke", id)).code).toBe(0);
  });
});

describe("whoami", () => {
  test("tells who one is and what that allows", async () => {
    const { id, as } = await make("me", "--role", "use", "--on", "m-*", "--max-hold", "2h", "--grant", "view:*", "--ttl", "90d");
    const { code, stdout, stderr } = await type(["whoami"], as);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = [
      `key:${id} \\(me\\), by a key`,
      " {2}may use m-\\* \\(max-hold 2h\\)",
      " {2}may view \\*",
      " {2}until 20.*",
      " {2}from 127.*",
    ];
    expect(stdout).toMatch(new RegExp(`^${lines.join("\n")}\n$`));
    expect((await say("whoami")).stdout).toMatch(/^admin, by the server's own API_KEY\n {2}may admin \*\n/);
    expect(JSON.parse((await type(["whoami", "--json"], as)).stdout)).toMatchObject({ principal: `key:${id}`, label: "me" });
  });

  test("with a lease's token tells the lease", async () => {
    const { lease, leaseToken } = JSON.parse((await say("acquire", "mine", "--json")).stdout);
    const { stdout } = await type(["whoami"], { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: leaseToken });
    expect(stdout).toContain(`may use lease ${lease.id}, and look at its environments\n`);
  });
});

test("what got lost on the way is told, and what was never connected is not", async () => {
  const cut = createServer((socket) => {
    socket.once("data", () => socket.destroy());
  });
  cut.listen(0, "127.0.0.1");
  await once(cut, "listening");
  const { port } = cut.address() as AddressInfo;
  const [lost, nowhere] = [{ CALL_ME_URL: `http://127.0.0.1:${port}` }, { CALL_ME_URL: "http://127.0.0.1:1" }];
  const create = ["keys", "create", "lost", "--role", "view", "--on", "*"];
  const told = await type(create, lost);
  expect(told).toMatchObject({ code: 1, stdout: "" });
  expect(told.stderr).toContain('if a key was made, nobody has its secret: call-me keys list shows it as "lost"; revoke it\n');
  expect((await type(["keys", "rotate", "0123456789"], lost)).stderr).toContain(
    "if it was rotated, nobody has the new secret; rotate it again",
  );
  expect((await type(create, nowhere)).stderr).not.toContain("nobody has");
  cut.close();
});

test("what a key does not allow ends with 3, and says who one is, what is missing and what one has", async () => {
  const { id, as } = await make("narrow", "--role", "use", "--on", "n-*");
  const { code, stderr } = await type(["acquire", "uat"], as);
  expect(code).toBe(3);
  expect(stderr).toMatch(new RegExp(`key:${id} \\(narrow\\) has no ROLE_USE on "uat".*; it has ROLE_USE on n-\\*`));
  expect((await type(["keys", "list"], as)).code).toBe(3);
});

test("the first key of a server without API_KEY must be an administrator's, and the command says how", async () => {
  await using open = await Server.start({ API_KEY: "" });
  const anybody = { CALL_ME_URL: open.url };
  expect((await type(["whoami"], anybody)).stdout).toMatch(/^anonymous, not known: this server asks nobody for a key\n/);
  const { code, stderr } = await type(["keys", "create", "team a", "--role", "use", "--on", "*"], anybody);
  expect(code).toBe(1);
  expect(stderr).toContain("call-me: make the administrators' key first: call-me keys create admin --role admin --on '*'\n");
  const first = await type(["keys", "create", "admin", "--role", "admin", "--on", "*"], anybody);
  expect(first.code).toBe(0);
  expect((await type(["whoami"], anybody)).code).toBe(3);
  const [, id = ""] = SECRET.exec(first.stdout) ?? [];
  const admin = { ...anybody, CALL_ME_API_KEY: first.stdout.trim() };
  const refused = await type(["keys", "revoke", id], admin);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("is the only one that may do everything");
});

test("a key in a file with a line break opens the server", async () => {
  const { secret } = await make("in a file", "--role", "view", "--on", "*");
  const file = path.join(folder, "broken.key");
  writeFileSync(file, `${secret}\r\n`);
  expect((await type(["whoami", "--key-file", file], { CALL_ME_URL: server.url })).code).toBe(0);
});
