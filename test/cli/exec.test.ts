// The command line `call-me exec` as a process, against the real server.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { open, type } from "./terminal.ts";
import { ended, leaseOf, Wrapped } from "./wrapped.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A file of that content that may be executed. */
function script(content: string): string {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-script-")), "script");
  writeFileSync(file, content, { mode: 0o755 });
  return file;
}

describe.concurrent("exec", () => {
  test("the command has the environment while it runs, and its exit status is ours", async () => {
    await using wrapped = await Wrapped.start(server, "plain", { script: "reading" });
    expect(await leaseOf(server, wrapped.leaseId)).toMatchObject({ state: LeaseState.HELD, ttl: { seconds: 60n } });
    wrapped.closeStdin();
    expect(await wrapped.end).toEqual({ code: 3, signal: null });
    expect(await leaseOf(server, wrapped.leaseId)).toMatchObject({ endReason: EndReason.RELEASED, endNote: "exit code 3" });
  });

  test("stdin and stdout are the command's, and none of our words stand between", async () => {
    await using wrapped = await Wrapped.start(server, "streams", { script: "reading" });
    wrapped.closeStdin();
    await wrapped.end;
    expect(wrapped.stdout).toBe(`${wrapped.leaseId} ${wrapped.processes.join(" ")}\n`);
    expect(wrapped.stderr).toContain("call-me: streams is ours");
  });

  test("the command knows its lease, and none of its variables is our key", async () => {
    const env = { API_KEY: "another", CI_SECRET_7: server.key, CI_SECRET_8: `${server.key}\n`, KEPT: "yes" };
    await using wrapped = await Wrapped.start(server, "variables", { env, options: ["other=1"] });
    const [pid = 0] = wrapped.processes;
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const fence = String((await leaseOf(server, wrapped.leaseId)).environments[0]?.fencingToken);
    expect(variables).toEqual(
      expect.arrayContaining([
        "KEPT=yes",
        "API_KEY=another",
        "CALL_ME_EXEC=1",
        "CALL_ME_ENVIRONMENT=variables,other",
        `CALL_ME_LEASE_ID=${wrapped.leaseId}`,
        expect.stringMatching(/^CALL_ME_LEASE_TOKEN=cml_/),
        `CALL_ME_FENCING_TOKEN=${fence}`,
        `CALL_ME_URL=${server.url}`,
      ]),
    );
    expect(variables.filter((one) => /CALL_ME_API_KEY|CI_SECRET|LAUNCHER|NODE_CHANNEL/.test(one) || one.includes(server.key))).toEqual([]);
  });

  test("an API_KEY that was the key is taken away", async () => {
    await using wrapped = await Wrapped.start({ url: server.url, key: "" }, "own-key", { env: { API_KEY: server.key } });
    expect(readFileSync(`/proc/${wrapped.processes[0]}/environ`, "utf8")).not.toContain(server.key);
  });

  test("what the command may not do with the lease alone tells in one line what to set", async () => {
    const env = { PATH: process.env["PATH"] ?? "", CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    const inside = (words: string) => `"$NODE" ${BIN} ${words} 2>&1 >/dev/null`;
    const script = [
      inside("status"),
      inside("check other"),
      inside("exec other -- true"),
      inside("check inside"),
      inside("status inside"),
    ].join("; ");
    const outer = spawn(process.execPath, [BIN, "exec", "inside", "--", "sh", "-c", script], {
      env: { ...env, NODE: process.execPath, API_KEY: "something else" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = (await text(outer.stdout)).trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(/^call-me: .*lease_token.*: in a command of exec, .* set CALL_ME_API_KEY, or give --key-file$/);
  });

  test("on a server without keys the command may do what it may outside", async () => {
    await using open = await Server.start({ API_KEY: "" });
    const inside = (words: string) => `"$NODE" ${BIN} ${words} 2>/dev/null`;
    const script = `${inside("status other")} && ${inside("check other")} && ${inside("exec other -- echo nested")}`;
    const outer = spawn(process.execPath, [BIN, "exec", "inside", "--", "sh", "-c", script], {
      env: { PATH: process.env["PATH"], CALL_ME_URL: open.url, NODE: process.execPath },
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(await text(outer.stdout)).toMatch(/\nnested\n$/);
  });

  test.each([
    ["exec", "-- true"],
    ["acquire", ""],
  ])("%s of what the command around it has says that it waits for that", async (verb, rest) => {
    const nested = `"$NODE" ${BIN} ${verb} around-${verb} --queue-timeout 1s ${rest} 2>&1`;
    const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, NODE: process.execPath };
    const script = `echo on $CALL_ME_LEASE_ID; CALL_ME_API_KEY=${server.key}; export CALL_ME_API_KEY; ${nested}; echo ended with $?`;
    const outer = spawn(process.execPath, [BIN, "exec", `around-${verb}`, "--", "sh", "-c", script], {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const said = await text(outer.stdout);
    const [, leaseId] = /^on (.+)$/m.exec(said) ?? [];
    expect(said).toContain(`call-me: it waits for lease ${leaseId}, too, which this runs on: that does not end before this does\n`);
    expect(said).toMatch(/\nended with 4\n$/);
  });

  test.each([
    ["there is no such command", ["nonsense"], 127, 'there is no command "nonsense"'],
    ["there is no such file", ["./nonsense"], 127, 'there is no command "./nonsense"'],
    ["it cannot be executed", [path.resolve("package.json")], 126, "chmod +x"],
    ["it is a folder", [path.resolve("cli")], 126, "it is a folder"],
    ["nobody can run its first line", [script("#!/nowhere/sh -e\n")], 127, 'its first line names "/nowhere/sh", which is not there'],
    ["its lines end as on Windows", [script("#!/bin/sh\r\necho ran\r\n")], 127, "write them with a line feed alone"],
  ])("as in a shell, if %s, and before it waits", async (_, command, code, words) => {
    await clients.locks.acquire({ environment: "unstartable", requestId: "1" });
    const env = { PATH: process.env["PATH"] ?? "", CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    const { stderr, ...rest } = await type(["exec", "unstartable", "--", ...command], env);
    expect(rest).toEqual({ code, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("waiting");
  });

  test("a command that cannot be started after all gives the lease back", async () => {
    const env = { PATH: process.env["PATH"] ?? "", CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    expect((await type(["exec", "gone-after-all", "--", script(`#!${script("#!/nowhere/sh\n")}\n`)], env)).code).toBe(127);
    expect((await clients.locks.check({ environment: "gone-after-all" })).available).toBe(true);
  });

  test("variables that no shell could name reach the command", async () => {
    const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, "ODD-NAME": "kept" };
    expect(
      (await type(["exec", "odd-name", "--", process.execPath, "-e", 'process.exit(process.env["ODD-NAME"] === "kept" ? 8 : 1)'], env))
        .code,
    ).toBe(8);
  });

  test("a command must be given", async () => {
    expect(await type(["exec", "uat"], {})).toMatchObject({ code: 2, stderr: expect.stringContaining("behind --") });
  });

  test("options behind -- are the command's", async () => {
    const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    expect((await type(["exec", "options", "--", "sh", "-c", 'test "$1 $2" = "-- --ttl" && exit 9', "sh", "--", "--ttl"], env)).code).toBe(
      9,
    );
  });

  test("what is busy with --fail is not acquired", async () => {
    await clients.locks.acquire({ environment: "busy" });
    const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    expect(await type(["exec", "busy", "--fail", "--", "true"], env)).toMatchObject({ code: 4, stdout: "" });
  });

  test("a signal while it waits in line gives the place up", async () => {
    const { lease: held } = await clients.locks.acquire({ environment: "line" });
    const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    const session = open(["exec", "line", "--", "true"], env);
    await session.stderr.shows("position 1 of 1");
    session.interrupt("SIGINT");
    expect(await session.exit).toBe(130);
    expect(held?.state).toBe(LeaseState.HELD);
    expect((await clients.locks.check({ environment: "line" })).environments[0]?.queueLength).toBe(0);
  });

  test("with --keep-on-failure a failed command leaves the lease, and says how to end it", async () => {
    await using wrapped = await Wrapped.start(server, "kept", { script: "reading", options: ["--keep-on-failure", "1h"] });
    wrapped.closeStdin();
    expect((await wrapped.end).code).toBe(3);
    expect(wrapped.alive).toBe(false);
    expect(await leaseOf(server, wrapped.leaseId)).toMatchObject({ state: LeaseState.HELD, ttl: { seconds: 3600n } });
    expect(wrapped.stderr).toMatch(/kept is kept until .*, for 1 h\n.*call-me release --lease /);
    expect(wrapped.stderr).not.toContain("not longer");
    const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
    expect((await type(["release", "--lease", wrapped.leaseId], env)).code).toBe(0);
  });

  test("what keeps a lease from being kept that long is named", async () => {
    const options = ["--keep-on-failure", "1h", "--max-hold", "10m"];
    await using wrapped = await Wrapped.start(server, "kept-shorter", { script: "reading", options });
    wrapped.closeStdin();
    await wrapped.end;
    expect(wrapped.stderr).toContain("not longer, because max_hold ends it");
  });

  test("a command that was cancelled, or went well, keeps nothing", async () => {
    await using wrapped = await Wrapped.start(server, "cancelled", { options: ["--keep-on-failure", "1h"] });
    wrapped.signal("SIGTERM");
    expect((await wrapped.end).code).toBe(143);
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
  });
});
