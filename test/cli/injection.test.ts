import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { plain, plainLine } from "../../cli/words/plain.ts";
import { EndReason, LeaseState, OccupantSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { PAYLOADS } from "./payloads.ts";
import { lease, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

const ESC = "\u001b";

/** Each system as its log reader sees a line: the orders that it would carry out. */
const SYSTEMS: Record<string, { env: Record<string, string>; orders: (line: string) => boolean; ours: RegExp }> = {
  "a terminal": { env: {}, orders: () => false, ours: /^$/ },
  "GitHub Actions": {
    env: { GITHUB_ACTIONS: "true" },
    orders: (line) => line.trimStart().startsWith("::") || line.includes("##["),
    ours: /^::(group::call-me: waiting for uat|endgroup::|notice title=call-me::waited \d+ s for uat, at first position 1 of 1, held by .*)$/,
  },
  GitLab: {
    env: { GITLAB_CI: "true" },
    orders: (line) => /section_(start|end):/.test(line),
    ours: new RegExp(
      String.raw`^${ESC}\[0Ksection_(start|end):\d+:call_me_wait\r${ESC}\[0Kcall-me: (waiting for uat|waited in vain, after \d+ s)$`,
    ),
  },
  "Azure Pipelines": {
    env: { TF_BUILD: "True" },
    orders: (line) => /##(vso)?\[/i.test(line),
    ours: /^##\[(group\]call-me: waiting for uat|endgroup\]|section\]call-me: waited \d+ s for uat, at first position 1 of 1, held by .*)$/,
  },
  Buildkite: {
    env: { BUILDKITE: "true" },
    orders: (line) => /^(---|\+\+\+|~~~|\^\^\^)/.test(line),
    ours: /^(--- call-me: waiting for uat|\+\+\+ call-me: waited in vain, after \d+ s)$/,
  },
  TeamCity: {
    env: { TEAMCITY_VERSION: "2025.11" },
    orders: (line) => /##teamcity\[/i.test(line),
    ours: /^##teamcity\[(blockOpened name='call-me' description='call-me: waiting for uat'|blockClosed name='call-me'|message text='call-me: waited ([^'|[\]]|\|.)*' status='NORMAL')\]$/,
  },
};

/** A server on which the payloads stand wherever somebody else's text can stand. */
async function evil() {
  const holders = PAYLOADS.map((text) => create(OccupantSchema, { leaseId: "L0", holder: { name: text, runUrl: text }, reason: text }));
  const queued = lease(LeaseState.QUEUED, { holders });
  return await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: queued }),
      async *watchLease() {
        yield { lease: queued };
        yield { lease: lease(LeaseState.ENDED, { endReason: EndReason.FORCE_RELEASED, endNote: PAYLOADS.join("") }) };
      },
      check: () => ({ environments: PAYLOADS.map((text, at) => ({ name: text, stateReason: text, holders: holders.slice(at, at + 1) })) }),
    },
  }).start();
}

/** In ASCII, so that the golden file itself commands nobody's terminal. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

test("what payloads become", async () => {
  const lines = PAYLOADS.map((payload) => `${quoted(payload)}\n  ${quoted(plain(payload))}\n  ${quoted(plainLine(payload))}`);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("injection.golden.txt");
});

test.each(Object.entries(SYSTEMS))("nobody's text commands %s", async (_, { env, orders, ours }) => {
  await using server = await evil();
  const say = (...args: string[]) => type(args, { ...env, CALL_ME_URL: server.url });
  const [waited, checked, json] = [await say("acquire", "uat"), await say("check", "uat"), await say("check", "uat", "--json")];
  expect(JSON.parse(json.stdout).environments.map(({ name }: { name: string }) => name)).toEqual(PAYLOADS);
  for (const text of [waited.stdout, waited.stderr, checked.stdout, checked.stderr, json.stdout, json.stderr]) {
    for (const line of text.split("\n").filter((one) => !ours.test(one))) {
      expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      expect({ line, orders: orders(line) }).toEqual({ line, orders: false });
    }
  }
});

test("an address keeps its colons", () => {
  expect(plain("http://[::1]:8000 and http://[fe80::1]/")).toBe("http://[::1]:8000 and http://[fe80::1]/");
});
