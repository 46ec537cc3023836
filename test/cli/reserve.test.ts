// `reserve` and `extend`: environments for people, by the clock of the wall.
import { spawnSync } from "node:child_process";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AcquireRequest } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, HolderKind, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { lease, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";
import { leaseOf } from "./wrapped.ts";

const ZONE = process.env["TZ"];
let server: Server;
let anna: Record<string, string>;
let bo: Record<string, string>;
beforeAll(async () => {
  process.env["TZ"] = "Europe/Berlin";
  server = await Server.start();
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  anna = { ...env, CALL_ME_HOLDER: "Anna" };
  bo = { ...env, CALL_ME_HOLDER: "Bo" };
});
afterAll(async () => {
  if (ZONE === undefined) delete process.env["TZ"];
  else process.env["TZ"] = ZONE;
  await server[Symbol.asyncDispose]();
});

const FULL = String.raw`\w{3} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? \+0[12]:00`;
const idIn = (stdout: string): string => /lease (\S+)\n$/.exec(stdout)?.[1] ?? "none";

/** Reserves, and gives the lease's id. */
async function reserve(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await type(["reserve", ...args], anna);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return idIn(stdout);
}

describe("a reservation", () => {
  test("for now is told in full, is held by a person without a process, and is given back by name", async () => {
    const { code, stdout, stderr } = await type(["reserve", "now", "--for", "2h", "--reason", "demo"], anna);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^reserved: now until ${FULL} \\(Europe/Berlin\\), for 2 h, lease \\S+\n$`)),
    });
    expect(stderr).toContain(
      `longer: call-me extend --lease ${idIn(stdout)} --for 30m; give it back: call-me release --lease ${idIn(stdout)}`,
    );
    const held = await leaseOf(server, idIn(stdout));
    expect(held).toMatchObject({
      state: LeaseState.HELD,
      autoClaim: true,
      reason: "demo",
      holder: { name: "Anna", kind: HolderKind.HUMAN },
    });
    const exec = open(["exec", "now", "--", "true"], bo);
    await exec.stderr.shows(/waiting for now: position 1 of 1, reserved by Anna until (?:tomorrow )?\d\d:\d\d \(demo\)/);
    expect((await type(["release", "now"], anna)).stdout).toBe("slot has been freed for environment: now\n");
    expect(await exec.exit).toBe(0);
  });

  test("behind a pipeline stands in line, has its turn by itself, and with --fail leaves nothing", async () => {
    const holder = JSON.parse((await type(["acquire", "line", "--json"], bo)).stdout).lease.id as string;
    const refused = await type(["reserve", "line", "--for", "1h", "--fail"], anna);
    expect(refused).toMatchObject({ code: 4, stdout: "", stderr: expect.stringContaining("held by Bo") });
    const { code, stdout, stderr } = await type(["reserve", "line", "--for", "1h"], anna);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^in line for: line for 1 h from your turn on, lease \S+\n$/),
    });
    expect(stderr).toContain("line is yours as soon as it is free, by itself: position 1 of 1, held by Bo");
    await type(["release", "--lease", holder], bo);
    const { state, grantedAt, latestEnd } = await leaseOf(server, idIn(stdout));
    expect(state).toBe(LeaseState.HELD);
    expect(Number(latestEnd?.seconds) - Number(grantedAt?.seconds)).toBe(3_600);
    const short = await type(["reserve", "line", "--for", "3d"], bo);
    expect(short.stderr).not.toContain("max_hold");
    const fixed = await type(["reserve", "line", "--until", "2h"], bo);
    expect(fixed.stdout).toMatch(/^in line for: line until .*, lease \S+\n$/);
  });

  test("for later is in nobody's way, is shown to everybody, and is withdrawn by name", async () => {
    const args = ["later", "--from", "tomorrow 14:00", "--until", "16:00", "--reason", "demo"];
    const { stdout } = await type(["reserve", ...args], anna);
    expect(stdout).toMatch(
      new RegExp(`^reserved: later from ${FULL} until ${FULL} \\(Europe/Berlin\\), for 2 h, lease \\S+\n$`.replace(":\\d\\d)", ":00)")),
    );
    expect(stdout).toMatch(/14:00 \+0[12]:00 until .*16:00 \+0[12]:00/);
    const told = "reserved from tomorrow 14:00 until tomorrow 16:00 by Anna (demo)";
    expect((await type(["status", "later"], bo)).stdout).toMatch(
      new RegExp(`^free +later +0/1 +0 *\n {2}${told.replace(/[()]/g, "\\$&")}$`, "m"),
    );
    expect((await type(["queue", "later"], bo)).stdout).toMatch(
      /^later +\d.*Anna\n {2}demo\n {2}reserved from tomorrow 14:00 until tomorrow 16:00\n/m,
    );
    expect((await type(["reserve", "later", "--for", "1h"], bo)).stderr).toContain(`later is ${told}, too`);
    await type(["release", "later"], bo);
    const exec = await type(["exec", "later", "--max-hold", "2d", "--", "true"], bo);
    expect(exec).toMatchObject({ code: 0, stderr: expect.stringContaining(`later is ${told}, who waits until you give it back`) });
    const released = await type(["release", "later"], anna);
    expect(released).toMatchObject({ code: 0, stderr: expect.stringContaining("gave up its reservation") });
    expect((await leaseOf(server, idIn(stdout))).endReason).toBe(EndReason.WITHDRAWN);
  });

  test("ends when the environment's max_hold allows no more, and says so", async () => {
    await clientsOf(server).environments.applyEnvironments({ environments: [{ name: "short", maxHold: { seconds: 3_600n } }] });
    const { code, stdout, stderr } = await type(["reserve", "short", "--for", "2h"], anna);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("for 1 h, lease") });
    expect(stderr).toMatch(new RegExp(`it ends before ${FULL}, since the environment's max_hold allows no more`));
    const extended = await type(["extend", "short", "--for", "1h"], anna);
    expect(extended).toMatchObject({ code: 4, stderr: expect.stringContaining("its max_hold allows no more") });
    const behind = await type(["reserve", "short", "--for", "2h"], bo);
    expect(behind).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^in line for: short for 1 h from your turn on,/),
      stderr: expect.stringContaining("for 1 h only: the environment's max_hold allows no more"),
    });
  });

  test("is told with --json as Acquire answers", async () => {
    const { code, stdout } = await type(["reserve", "json", "--until", "2h", "--json"], anna);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { lease: { state: "LEASE_STATE_HELD", autoClaim: true }, leaseToken: expect.any(String) },
    ]);
  });

  test("that nobody could be told of is given back", () => {
    const bin = [process.execPath, BIN, "reserve", "untold", "--for", "1h"];
    const env = { ...anna, PATH: process.env["PATH"], CALL_ME_LAUNCHER: "1" };
    const { status, stderr } = spawnSync("sh", ["-c", '"$@" >/dev/full', "sh", ...bin], { env, encoding: "utf8" });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(/untold is given back\n.*ENOSPC/s) });
  });

  test("by a wrong clock on this side lasts as long as was asked for", async () => {
    const requests: AcquireRequest[] = [];
    const acquire = (request: AcquireRequest) => {
      requests.push(request);
      return { lease: lease(LeaseState.HELD), leaseToken: "cml_L1_x" };
    };
    const hour = 3_600_000;
    await using scripted = await new ScriptedServer({ locks: { acquire, check: () => ({}) } }, hour).start();
    const before = Date.now();
    expect((await type(["reserve", "uat", "--for", "1h"], { CALL_ME_URL: scripted.url })).code).toBe(0);
    const end = timestampMs(requests[0]?.notAfter ?? timestampFromMs(0));
    expect(Math.round((end - before) / hour)).toBe(2);
  });
});

describe("extend", () => {
  test("counts from the present end, or sets another one, also an earlier one, and before it begins", async () => {
    const now = await reserve("extended", "--for", "1h");
    const first = timestampMs((await leaseOf(server, now)).notAfter ?? timestampFromMs(0));
    const { code, stdout } = await type(["extend", "extended", "--for", "30m"], anna);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^extended: extended until ${FULL} .*, for 1 h 30 m, lease ${now}\n$`)),
    ]);
    expect(timestampMs((await leaseOf(server, now)).expiresAt ?? timestampFromMs(0))).toBe(first + 1_800_000);
    expect((await type(["extend", "--lease", now, "--until", "20m"], anna)).stdout).toContain("for 20 m,");
    const later = await reserve("extended-later", "--from", "2h", "--for", "1h");
    const more = await type(["extend", "extended-later", "--for", "1h"], anna);
    expect(more).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`from ${FULL} until .* for 2 h, lease ${later}`)) });
  });

  test("says whose reservation it reaches into, as acquire does", async () => {
    await reserve("into", "--for", "1h");
    const next = await type(["reserve", "into", "--from", "2h", "--for", "1h", "--reason", "demo"], bo);
    expect(next.code).toBe(0);
    expect((await type(["extend", "into", "--for", "30m"], anna)).stderr).toBe("");
    const { code, stderr } = await type(["extend", "into", "--for", "1h"], anna);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^call-me: into is reserved from .* until .* by Bo \(demo\), who waits until you give it back\n$/),
    ]);
  });

  test("of what has no fixed end renews it up to then", async () => {
    const taken = JSON.parse((await type(["acquire", "renewed", "--ttl", "10m", "--json"], anna)).stdout).lease.id as string;
    expect((await type(["extend", "renewed", "--until", "1h"], anna)).code).toBe(0);
    expect((await leaseOf(server, taken)).ttlRemaining?.seconds).toBeGreaterThan(3_500n);
  });

  test("of what is somebody else's, or of several, is refused with 5; of what has ended with 6", async () => {
    const one = await reserve("theirs", "--for", "1h");
    expect(await type(["extend", "theirs", "--for", "1h"], bo)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`lease ${one} of Anna`),
    });
    expect(await type(["extend", "nobodys", "--for", "1h"], bo)).toMatchObject({
      code: 5,
      stderr: "call-me: nothing on nobodys is yours; say which lease with --lease and its id\n",
    });
    const [today, tomorrow] = [
      await reserve("twice", "--from", "1h", "--for", "1h"),
      await reserve("twice", "--from", "3h", "--for", "1h"),
    ];
    const several = await type(["extend", "twice", "--for", "1h"], anna);
    expect([several.code, several.stderr]).toEqual([
      5,
      expect.stringMatching(new RegExp(`${today} of Anna, reserved from .*${tomorrow} of Anna`)),
    ]);
    await type(["release", "theirs"], anna);
    expect(await type(["extend", "--lease", one, "--for", "1h"], anna)).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("RELEASED"),
    });
  });
});

describe("a time", () => {
  test.each([
    [["--until", "2020-01-01 10:00"], /--until "2020-01-01 10:00" is Wed 2020-01-01 10:00 \+01:00, which is not after /],
    [["--from", "2020-07-01T10:00Z", "--for", "1h"], /--from "2020-07-01T10:00Z" is Wed 2020-07-01 12:00 \+02:00, which is not after /],
    [["--from", "tomorrow 14:00", "--until", "today 23:00"], /--until "today 23:00" is .* 23:00 \+0[12]:00, which is not after .* 14:00/],
    [["--until", "2027-03-28 02:30"], /the clock is set forward then, and skips that time; it is Sun 2027-03-28 03:30 \+02:00 after it/],
    [["--until", "2026-02-30 10:00"], /--until "2026-02-30 10:00" is no time; write it like 14:00, tomorrow 14:00/],
    [["--until", "soon"], /--until "soon" is no time/],
    [["--until", "25:00"], /--until "25:00" is no time/],
    [["--until", "14:00+02:00"], /is no time/],
    [["--for", "14:00"], /--for "14:00" is no duration/],
    [["--until", "2100-01-01 10:00"], /not_after: lies \d+ d after the beginning; nothing is held for longer than 30 d/],
    [["--from", "2100-01-01 10:00", "--for", "1h"], /not_before: lies \d+ d ahead; give a time within 30 d/],
    [["--for", "1h", "--until", "2h"], /say until when, with --until or --for/],
    [[], /say until when, with --until or --for/],
    [["--from", "1h", "--for", "1h", "--fail"], /give --from or --fail, not both/],
  ])("that cannot be meant is told as it was understood: %j", async (args, words) => {
    const { code, stdout, stderr } = await type(["reserve", "times", ...args], anna);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(words) });
  });

  test.each([
    ["14:00", /14:00 \+0[12]:00/],
    ["tomorrow 09:30", /09:30 \+0[12]:00/],
    ["friday 18:00", /Fri \d{4}-\d\d-\d\d 18:00/],
    ["wed 8:05", /Wed \d{4}-\d\d-\d\d 08:05/],
  ])("is written as people do: %s", async (until, shown) => {
    const { code, stdout } = await type(["reserve", "forms", "--until", until], anna);
    expect([code, stdout]).toEqual([0, expect.stringMatching(shown)]);
  });
});
