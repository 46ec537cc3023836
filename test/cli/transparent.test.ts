// What a command gets from the shell that started `call-me exec`, which Node would take away, as real shells give it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** The package as it is installed, and the checkout behind its launcher, which is a process more between the shell and the command. */
const WAYS = [
  ["installed", [BIN]],
  ["from a checkout, through the launcher", [path.resolve("scripts/launch.js"), path.resolve("cli/bin.js")]],
] as const;

interface Result {
  readonly code: number | null;
  /** In latin1: a character for each byte. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script in bash, in which `$call_me` is the command line, and bash stays its parent. */
async function inBash(script: string, program: readonly string[] = [BIN], env: Record<string, string> = {}): Promise<Result> {
  const variables = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, ...env };
  const setup = `call_me="${[process.execPath, ...program].join(" ")}"`;
  const child = spawn("bash", ["-c", `${setup}\n${script}\ntrue`], { stdio: ["ignore", "pipe", "pipe"], env: variables });
  const end = once(child, "exit");
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  return { code: (await end)[0], stdout: stdout.toString("latin1"), stderr: stderr.toString("latin1") };
}

const NO_PROC = existsSync("/proc/self/status") ? undefined : "there is no /proc on this system, which tells how we were started";

describe.skipIf(NO_PROC !== undefined).concurrent.each(WAYS)(
  `what the caller gave reaches the command, %s ${NO_PROC ?? ""}`,
  (way, program) => {
    const name = (what: string) => `${what}-${way.length}`;

    test("its limits of open files", async () => {
      const { stdout, stderr } = await inBash(
        `ulimit -S -n 300; ulimit -H -n 400; $call_me exec ${name("limits")} -- sh -c 'ulimit -S -n; ulimit -H -n'`,
        program,
      );
      expect(stdout, stderr).toBe("300\n400\n");
    });

    test("ignored signals: a hangup, by nohup or by the shell, an interrupt by the shell", async () => {
      const show = "-- grep SigIgn: /proc/self/status";
      const traps = `trap '' HUP; $call_me exec ${name("hup")} ${show}; trap '' INT; $call_me exec ${name("int")} ${show}`;
      const ignored = await inBash(`nohup $call_me exec ${name("nohup")} ${show}; ${traps}`, program);
      expect(ignored.stdout, ignored.stderr).toMatch(/^(SigIgn:\s0{15}1\n){2}SigIgn:\s0{15}3\n$/);
      expect((await inBash(`$call_me exec ${name("counts")} ${show}`, program)).stdout).toMatch(/^SigIgn:\s0{16}\n$/);
    });

    test("file descriptors beyond stderr, whatever their numbers", async () => {
      const written = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-fd-")), "written");
      const script = `$call_me exec ${name("fds")} -- sh -c 'cat <&3; cat <&7; cat "$0" "$1"; echo out >&9' <(echo a) <(echo b) 3<<<three 7<<<seven 9>${written}`;
      const { stdout, stderr } = await inBash(script, program);
      expect(stdout, stderr).toBe("three\nseven\na\nb\n");
      expect(readFileSync(written, "utf8")).toBe("out\n");
    });

    test("both ends of a pipe, as make's jobserver hands them on, and none of our own", async () => {
      const fifo = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-fifo-")), "fifo");
      const list = "find /proc/self/fd -type l";
      const script = `exec 4> >(cat >/dev/null) 5<>${fifo}; ${list}; echo; $call_me exec ${name("pipe")} -- ${list}`;
      const { stdout, stderr } = await inBash(`mkfifo ${fifo}; ${script}`, program);
      const [outside, inside] = stdout.split("\n\n").map((part) => part.trim().split("\n").sort());
      expect(inside, `${stdout}\n${stderr}`).toEqual(outside);
    });

    test("arguments and variables of any bytes", async () => {
      const every = Array.from({ length: 255 }, (_, index) => `\\x${(index + 1).toString(16).padStart(2, "0")}`).join("");
      const script = `export RAW=$'${every}' FINE=ü; $call_me exec ${name("bytes")} -- sh -c 'printf "%s|" "$@" "$RAW" "$FINE"' sh $'${every}' 'plain "$x" '\\''y' ü $'\\xff\\n'`;
      const { stdout, stderr } = await inBash(script, program);
      const bytes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).join("");
      const umlaut = Buffer.from("ü").toString("latin1");
      expect(stdout, stderr).toBe(`${bytes}|plain "$x" 'y|${umlaut}|\xff\n|${bytes}|${umlaut}|`);
    });

    test("variables that no shell could name, beside all that", async () => {
      const script = `ulimit -S -n 300; env ODD-NAME=kept ODD.RAW=$'\\xff' $call_me exec ${name("odd")} -- cat /proc/self/limits /proc/self/environ`;
      const { stdout, stderr } = await inBash(script, program);
      expect(stdout, stderr).toMatch(/^Max open files\s+300\b/m);
      expect(`\0${stdout.split("\n").at(-1)}`, stderr).toMatch(/^(?=.*\0ODD-NAME=kept\0).*\0ODD\.RAW=\xff\0/);
    });
  },
);

test.skipIf(NO_PROC !== undefined)(`under nohup a hangup ends neither the wait nor the command ${NO_PROC ?? ""}`, async () => {
  const { locks } = clientsOf(server);
  const held = await locks.acquire({ environment: "hangup", requestId: "hangup" });
  const said = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-hangup-")), "said");
  writeFileSync(said, "");
  const waitFor = (words: string) => `until grep -q '${words}' ${said}; do sleep 0.05; done`;
  const script = `
    nohup $call_me exec hangup -- sh -c 'echo begun >&2; read -r line; echo "$line"' <&8 2>>${said} &
    ${waitFor("position 1")}; kill -HUP $!; curl -s -H 'content-type: application/json' -H "x-api-key: $CALL_ME_API_KEY" -d '{"leaseId":"${held.lease?.id}"}' $CALL_ME_URL/callme.v1.LockService/Release >/dev/null
    ${waitFor("begun")}; kill -HUP $!; echo on >&9; wait $!; echo "ended with $?"`;
  const { stdout } = await inBash(`mkfifo ${said}.in; exec 9<>${said}.in 8<${said}.in; ${script}`);
  expect(stdout, readFileSync(said, "utf8")).toBe("on\nended with 0\n");
});

test.skipIf(NO_PROC !== undefined)(`a pipe on stdout stays as it is for others, while it waits ${NO_PROC ?? ""}`, async () => {
  await clientsOf(server).locks.acquire({ environment: "shared", requestId: "shared" });
  const said = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-shared-")), "said");
  const script = `
    $call_me exec shared -- true 2>${said} & until grep -q 'position 1' ${said}; do sleep 0.05; done
    sh -c 'grep flags: /proc/self/fdinfo/5' 5>&1; kill $!`;
  const { stdout } = await inBash(script);
  expect(Number.parseInt(/\d+/.exec(stdout)?.[0] ?? "", 8) & constants.O_NONBLOCK, stdout).toBe(0);
});
