// `history` and `stats`: what happened, for people and for spreadsheets.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { csvRow } from "../../cli/words/csv.ts";
import { readPast } from "../../cli/words/moment.ts";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import {
  EventKind,
  EventSchema,
  type GetStatsRequest,
  GroupBy,
  type ListEventsRequest,
} from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { PAYLOADS } from "./payloads.ts";
import { ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"uat","lockDelay":"0s","labels":{"tier":"a"}},{"name":"dev"}]' });
});
afterAll(() => server[Symbol.asyncDispose]());

const say = (...args: string[]) => type(args, env);

async function take(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await say("acquire", "uat", "--name", name, "--json", ...args);
  return JSON.parse(stdout).lease.id;
}

describe("history", () => {
  test("shows what happened, newest first, with who, why, a link and for how long", async () => {
    const first = await take("job-1", "--run-url", "https://ci.example/1", "--reason", "nightly");
    await say("release", "--lease", first);
    const second = await take("=job(2)");
    await say("force-release", second, "--reason", "stuck");
    await say("env", "set-state", "dev", "draining", "--reason", "new disk");
    const { code, stdout, stderr } = await say("history");
    expect(code).toBe(0);
    const when = String.raw`\d\d:\d\d(:\d\d)?`;
    const lines = [
      "^TIME +WHAT +ENVIRONMENT +TOOK +WHO\n",
      `${when} +draining +dev +admin\n  new disk\n  from 127.0.0.1\n`,
      `${when} +force released +uat .*=job\\(2\\)\n  stuck\n  from 127.0.0.1\n  lease ${second}\n`,
      `${when} +granted +uat +.*=job\\(2\\)\n  from 127.0.0.1\n  lease ${second}\n`,
      `${when} +released +uat .*job-1\n  from 127.0.0.1\n  https://ci.example/1\n  lease ${first}\n`,
      `${when} +granted +uat +.*job-1\n  nightly\n  from 127.0.0.1\n  https://ci.example/1\n  lease ${first}\n`,
      `${when} +created +(uat|dev) +admin\n  from 127.0.0.1\n`,
    ];
    expect(stdout).toMatch(new RegExp(lines.join("")));
    expect(stderr).toMatch(/^call-me: the history goes back to \w{3} \d{4}-\d\d-\d\d .*\n$/);
  });

  test("chooses by environment, kind, holder, lease and number, and says that there is more", async () => {
    const { stdout, stderr } = await say("history", "uat", "--kind", "granted", "--limit", "1");
    expect(stdout.split("\n")[0]).toMatch(/^TIME +WHAT +TOOK +WHO$/);
    expect(stdout).toContain("=job(2)");
    expect(stdout).not.toContain("job-1");
    expect(stderr).toBe("call-me: these are the newest 1; there are more: --limit, --since\n");
    const json = JSON.parse((await say("history", "--holder", "job-1", "--kind", "released", "--json")).stdout);
    expect(json.events).toMatchObject([{ kind: "EVENT_KIND_RELEASED", environment: "uat", holder: { name: "job-1" } }]);
    expect((await say("history", "uat", "--since", "1ms")).stderr).toContain("nothing of that happened");
  });

  test("--at tells who held it then, also who still does, and the time as it was understood", async () => {
    const lease = await take("job-3", "--run-url", "https://ci.example/3");
    const now = await say("history", "uat", "--at", "0s");
    expect(now.stdout).toMatch(new RegExp(`^SINCE +UNTIL +ENDED +WHO\n\\S+ +now +job-3\n  https://ci.example/3\n  lease ${lease}\n$`));
    await say("release", "--lease", lease);
    const { events } = JSON.parse((await say("history", "--lease", lease, "--kind", "released", "--json")).stdout);
    const held = await say("history", "uat", "--at", events[0].grantedAt);
    expect(held.stdout).toMatch(/^\S+ +\S+ +released +job-3$/m);
    expect(held.stderr).toMatch(/^call-me: this is who held uat at \w{3} \d{4}-/);
    const before = await say("history", "uat", "--at", "2026-01-01 15:00");
    expect(before.stdout).toBe("");
    expect(before.stderr).toMatch(/nobody held uat at Thu 2026-01-01 15:00 .*\ncall-me: the history goes back to /);
    const csv = await say("history", "uat", "--at", events[0].grantedAt, "--csv");
    expect(csv.stdout.split("\n")[1]).toContain(`,RELEASED,default,uat,1,${lease},job-3,`);
  });

  test("--csv and --ndjson write all of it, page by page, and no cell is a formula", async () => {
    const { stdout } = await say("history", "uat", "--csv");
    const [heading = "", ...rows] = stdout.trimEnd().split("\n");
    expect(heading).toMatch(/^time,kind,pool,environment,slots,lease_id,holder,/);
    expect(rows.every((row) => row.split(",").length === heading.split(",").length)).toBe(true);
    expect(stdout).toContain(",'=job(2),");
    const lines = (await say("history", "uat", "--ndjson", "--limit", "2")).stdout.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(["EVENT_KIND_RELEASED", "EVENT_KIND_GRANTED"]);
    const asked: number[] = [];
    await using scripted = await new ScriptedServer({
      insight: {
        listEvents: ({ pageSize, pageToken }: ListEventsRequest) => {
          asked.push(pageSize);
          const events = Array.from({ length: pageSize }, () => create(EventSchema, { kind: EventKind.GRANTED }));
          return { events, nextPageToken: pageToken === "xx" ? "" : `${pageToken}x` };
        },
      },
    }).start();
    const all = await type(["history", "--ndjson", "--limit", "2500"], { CALL_ME_URL: scripted.url });
    expect(all.stdout.trimEnd().split("\n")).toHaveLength(2_500);
    expect(asked).toEqual([1, 1_000, 1_000, 500]);
  });

  test("says what a key was refused, and what was done about it, in the table, as JSON, and as CSV", async () => {
    const { access } = clientsOf(server);
    const { key, secret } = await access.createKey({ label: "team a", grants: [{ role: Role.USE, patterns: ["uat"] }] });
    const id = key?.id ?? "";
    const refused = await type(["env", "set-state", "dev", "draining"], { ...env, CALL_ME_API_KEY: secret });
    expect(refused.code).toBe(3);
    await access.revokeKey({ id });
    const told = await eventually(async () => {
      const found = await say("history", "--kind", "refused", "--principal", `key:${id}`);
      return found.stdout !== "" && found.stdout;
    });
    const when = String.raw`\d\d:\d\d(:\d\d)?`;
    expect(told).toMatch(
      new RegExp(`^${when} +refused +SetEnvironmentState +team a \\(key:${id}\\)\n  key:${id} \\(team a\\) has no ROLE_OPERATE on `, "m"),
    );
    expect(told).toContain("\n  from 127.0.0.1\n");
    const about = (await say("history", "--subject", id)).stdout;
    expect(about).toMatch(
      new RegExp(
        `^${when} +key revoked +${id} +admin\n  team a\n  from 127.0.0.1\n${when} +key created +${id} +admin\n  team a: USE on uat\n`,
        "m",
      ),
    );
    const { events } = JSON.parse((await say("history", "--subject", "SetEnvironmentState", "--json")).stdout);
    expect(events).toMatchObject([{ kind: "EVENT_KIND_REFUSED", by: { principal: `key:${id}`, address: "127.0.0.1" } }]);
    const csv = (await say("history", "--kind", "refused", "--csv")).stdout.trimEnd().split("\n");
    expect(csv[0]).toMatch(/,principal_label,subject,by_principal,by_label,by_lease_id,by_address,by_claims$/);
    expect(csv[1]).toMatch(new RegExp(`,,SetEnvironmentState,key:${id},team a,,127.0.0.1,$`));
  });

  test.each([
    ["--kind", "nonsense", "is none of queued, offered, granted"],
    ["--limit", "0", "is no number from 1 on"],
    ["--since", "then", "is no time; write it like 15:00, yesterday 15:00"],
    ["--at", "2100-01-01 00:00", "which is ahead; give a past time"],
  ])("%s %s is a usage error", async (option, value, told) => {
    const { code, stdout, stderr } = await say("history", option, value);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(told);
  });

  test.each(["history", "stats"])("%s of a window that is empty, or has not begun, is refused as it was understood", async (verb) => {
    const when = String.raw`\w{3} \d{4}-\d\d-\d\d \S+ \S+`;
    const empty = await say(verb, "--since", "5m", "--until", "10m");
    expect([empty.code, empty.stdout]).toEqual([2, ""]);
    expect(empty.stderr).toMatch(new RegExp(`--until "10m" is ${when}, which is not after --since "5m", ${when}; give a later one`));
    const ahead = await say(verb, "--since", "2100-01-01 00:00");
    expect([ahead.code, ahead.stderr]).toEqual([2, expect.stringContaining("which is ahead; give a past time")]);
  });

  test("--csv changes nothing but formulas where no CI system reads along, and --ndjson leaves out what is unspecified", async () => {
    const reason = "see ::error::a ##[b] section_start:1";
    const events: MessageInitShape<typeof EventSchema>[] = [{ kind: EventKind.GRANTED, reason, holder: { name: "=Ada" } }];
    await using scripted = await new ScriptedServer({ insight: { listEvents: () => ({ events }) } }).start();
    const csv = async (more = {}) => (await type(["history", "--csv"], { CALL_ME_URL: scripted.url, ...more })).stdout;
    expect(await csv()).toContain(`,${reason},`);
    expect(await csv()).toContain(",'=Ada,");
    expect(await csv({ GITHUB_ACTIONS: "true" })).not.toMatch(/::error::|##\[|section_start/);
    const { stdout } = await type(["history", "--ndjson"], { CALL_ME_URL: scripted.url });
    expect(stdout).not.toContain("UNSPECIFIED");
    expect(JSON.parse(stdout)).toMatchObject({ kind: "EVENT_KIND_GRANTED", reason, slots: 0, holder: { name: "=Ada" } });
  });

  test("what others have written commands no terminal and no log", async () => {
    const events = PAYLOADS.map((text): MessageInitShape<typeof EventSchema> => {
      return { kind: EventKind.GRANTED, environment: text, holder: { name: text, runUrl: text }, reason: text, leaseId: "L1" };
    });
    await using scripted = await new ScriptedServer({ insight: { listEvents: () => ({ events }) } }).start();
    for (const form of [[], ["--csv"], ["--ndjson"], ["--json"]]) {
      const { stdout } = await type(["history", ...form], { CALL_ME_URL: scripted.url, CI: "true" });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(stdout).not.toMatch(/^\s*(::|##|---|\+\+\+|~~~)|##(vso)?\[|section_(start|end):/m);
    }
  });
});

describe("stats", () => {
  test("shows grants, use, waits and holds of each environment, and what did not end well", async () => {
    const { code, stdout, stderr } = await say("stats");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ENVIRONMENT +GRANTS +USED +WAIT P50 +P95 +HOLD P50 +P95\n/);
    expect(stdout).toMatch(/^dev +0 +0 %$/m);
    expect(stdout).toMatch(/^uat +3 +\d+ % +0 s +0 s +[\d.]+ s +[\d.]+ s\n {2}1 ended by force$/m);
    expect(stderr).toMatch(/^call-me: counted from \w{3} \d{4}-\d\d-\d\d /);
  });

  test("groups by pool, repository or a label, as CSV and JSON as well", async () => {
    expect((await say("stats", "--by", "pool")).stdout).toMatch(/^POOL .*\ndefault +3 /);
    const csv = (await say("stats", "--by", "label:tier", "--csv")).stdout.trimEnd().split("\n");
    expect(csv[0]).toMatch(/^label,grants,utilisation,wait_p50_s,/);
    expect(csv.slice(1).map((row) => row.split(",").slice(0, 2))).toEqual([
      ["", "0"],
      ["a", "3"],
    ]);
    const json = JSON.parse((await say("stats", "uat", "--window", "1h", "--json")).stdout);
    expect(json.rows).toMatchObject([{ key: "uat", grants: "3", forced: "1" }]);
  });

  test("asks for the window that was meant", async () => {
    const asked: GetStatsRequest[] = [];
    const getStats = (request: GetStatsRequest) => {
      asked.push(request);
      return {};
    };
    const insight = { listEvents: () => ({}), getStats };
    await using scripted = await new ScriptedServer({ insight }).start();
    const ask = (...args: string[]) => type(["stats", ...args], { CALL_ME_URL: scripted.url });
    expect((await ask("--window", "30d", "--by", "repository")).stderr).toBe("call-me: there is nothing to count\n");
    await ask("--since", "2026-11-01", "--until", "2026-11-08");
    expect(asked[0]).toMatchObject({ window: { seconds: 2_592_000n }, groupBy: GroupBy.REPOSITORY });
    const [since, until] = [asked[1]?.filter?.since, asked[1]?.filter?.until];
    expect([since && timestampDate(since), until && timestampDate(until)]).toEqual([new Date(2026, 10, 1), new Date(2026, 10, 8)]);
    expect((await ask("--by", "mood")).code).toBe(2);
    expect((await ask("--window", "1d", "--since", "1h")).code).toBe(2);
  });
});

test("a past time is the last of its kind before now", () => {
  const base = new Date(2026, 10, 25, 12, 0).getTime();
  const at = (text: string) => new Date(readPast("--at", text, base));
  expect(at("15:00")).toEqual(new Date(2026, 10, 24, 15, 0));
  expect(at("11:30")).toEqual(new Date(2026, 10, 25, 11, 30));
  expect(at("tuesday 15:00")).toEqual(new Date(2026, 10, 24, 15, 0));
  expect(at("last wed 15:00")).toEqual(new Date(2026, 10, 18, 15, 0));
  expect(at("2026-11-24 15:00")).toEqual(new Date(2026, 10, 24, 15, 0));
  expect(at("2026-11-24")).toEqual(new Date(2026, 10, 24));
  expect(at("2026-11-24T15:00:00Z")).toEqual(new Date(Date.UTC(2026, 10, 24, 15)));
  expect(at("90m")).toEqual(new Date(2026, 10, 25, 10, 30));
  expect(timestampFromDate(at("2h")).seconds).toBe(BigInt(base / 1_000 - 7_200));
});

test("a CSV cell is quoted where it must be, and is no formula and no order", () => {
  expect(csvRow(["a", 'b "c"', "d,e", "=1+1", "@x", "-2", "+3", "- list", "##[x]", "::y::"], true)).toBe(
    `a,"b ""c""","d,e",'=1+1,'@x,-2,'+3,'- list,# #[x],: :y: :`,
  );
});
