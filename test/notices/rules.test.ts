/** What a file of notices may say; what is wrong with it is told with file, line, field and remedy, and without a secret. */
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { linesOf } from "../../cli/access/lined.ts";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { allowedFor, noticesIn } from "../../src/notices/rules.ts";
import { type } from "../cli/terminal.ts";
import { WEBHOOK_KEY } from "./receiver.ts";

const SECRETS = new Map([
  ["CALL_ME_SECRET_HOOK", WEBHOOK_KEY],
  ["CALL_ME_SECRET_SHORT", "whsec_c2hvcnQ="],
  ["CALL_ME_SECRET_URL", "https://hooks.slack.example/services/T0/B0/very-secret"],
  ["CALL_ME_SECRET_NO_URL", "very-secret"],
]);

async function read(text: string) {
  return noticesIn("notices.yaml", linesOf(await FleetDocument.parse("notices.yaml", text)), SECRETS);
}

const isNotices = new Ajv({ allErrors: true, strictTypes: false }).compile(JSON.parse((await type(["notices", "schema"])).stdout));

async function fitsSchema(text: string): Promise<boolean> {
  return isNotices((await FleetDocument.parse("notices.yaml", text)).value);
}

const GOOD =
  "rules:\n- {name: ops, patterns: [uat-*, 'lab:*'], kinds: forced, url: 'https://a.example/x', secret_from: CALL_ME_SECRET_HOOK}";

test("a file says who is told of what, which private networks may be called, and what leases may name", async () => {
  const text = `${GOOD}
- {name: chat, patterns: "*", kinds: [granted, queued_long], url_from: CALL_ME_SECRET_URL, template: slack, queued_for: 30m, expires_in: 10m}
private: [10.0.0.0/8, fd00::/8]
notify:
- {prefix: "https://ci.example/hooks/", secret_from: CALL_ME_SECRET_HOOK}
x-note: mine
`;
  expect(await fitsSchema(text)).toBe(true);
  const { rules, networks, allowed } = await read(text);
  expect(rules).toMatchObject([
    {
      name: "ops",
      patterns: ["uat-*", "lab:*"],
      kinds: ["forced"],
      template: "json",
      key: WEBHOOK_KEY,
      queuedFor: 900e6,
      expiresIn: 300e6,
    },
    { name: "chat", kinds: ["granted", "queued_long"], template: "slack", key: undefined, queuedFor: 1_800e6, expiresIn: 600e6 },
  ]);
  expect(rules.map(({ url }) => url.host)).toEqual(["a.example", "hooks.slack.example"]);
  expect([networks.check("10.1.2.3"), networks.check("11.1.2.3")]).toEqual([true, false]);
  const fits = (url: string) => allowedFor({ allowed }, new URL(url)) !== undefined;
  expect(fits("https://ci.example/hooks/a?b=c%2Fd")).toBe(true);
  for (const url of [
    "https://ci.example/other",
    "https://ci.example.evil/hooks/a",
    "https://ci.example/hooks/../other",
    "http://ci.example/hooks/a",
    "https://ci.example/hooks/..%2fadmin",
    "https://ci.example/hooks/%2E%2E%5Cadmin",
    "https://ci.example/hooks/%2e%2e/admin",
    "https://ci.example/hooks/..\\admin",
  ])
    expect(fits(url)).toBe(false);
});

test.each([
  ["no name", GOOD.replace("name: ops, ", ""), "notices.yaml:2: rules[0]: name is missing; it is what is shown of the rule"],
  [
    "a kind that there is not",
    GOOD.replace("forced", "forcd"),
    'notices.yaml:2: rules[0].kinds: got "forcd"; write one of granted, queued_long',
  ],
  [
    "a field that there is not",
    GOOD.replace("kinds", "kind"),
    "notices.yaml:2: rules[0].kind: is unknown; there are name, patterns, kinds",
  ],
  ["a pattern that is none", GOOD.replace("uat-*", "'**'"), 'rules[0].patterns[0]: "**" has two * in a row'],
  ["no URL", GOOD.replace(/url: '[^']*', /, ""), "rules[0]: url is missing; give it, or url_from"],
  ["a URL that cannot be called", GOOD.replace("https:", "ftp:"), "rules[0].url: is no URL of http or https; write the whole https://…"],
  ["a URL with a password", GOOD.replace("a.example", "u:very-secret@a.example"), "rules[0].url: has a user's name or password in it"],
  [
    "no secret",
    GOOD.replace(", secret_from: CALL_ME_SECRET_HOOK", ""),
    "rules[0]: secret_from is missing; name a variable CALL_ME_SECRET_…",
  ],
  ["a secret where its name belongs", GOOD.replace("CALL_ME_SECRET_HOOK", "very-secret"), "rules[0].secret_from: is no name of a variable"],
  ["a variable that is not set", GOOD.replace("SECRET_HOOK", "SECRET_GONE"), "CALL_ME_SECRET_GONE is not set where the server runs"],
  [
    "a key that is too short",
    GOOD.replace("SECRET_HOOK", "SECRET_SHORT"),
    "what the variable has is no whsec_ and 24 to 64 bytes in base64",
  ],
  [
    "a variable without a URL",
    "rules:\n- {name: a, patterns: a, kinds: forced, url_from: CALL_ME_SECRET_NO_URL, template: slack}",
    "rules[0].url_from: what the variable has is no URL of at most 2048 characters",
  ],
  ["two of one name", `${GOOD}\n${GOOD.slice("rules:\n".length)}`, 'notices.yaml:3: rules[1]: rules[0] is called "ops", too'],
  ["a network that is none", "private: [10.0.0.0/99]", 'private[0]: got "10.0.0.0/99"; write an address or a network'],
  [
    "a duration that is none",
    GOOD.replace("}", ", queued_for: 5 minutes}"),
    'rules[0].queued_for: got "5 minutes"; write a duration like 30s',
  ],
  [
    "a prefix that allows its neighbours",
    "notify: [{prefix: 'https://a.example/hooks', template: slack}]",
    "notify[0].prefix: does not end in /",
  ],
  ["a prefix with a query", "notify: [{prefix: 'https://a.example/?x=', template: slack}]", "notify[0].prefix: has a ? in it"],
])("a file with %s is refused where that stands", async (_, text, complaint) => {
  const error = await read(text).then(
    () => expect.unreachable("it was taken"),
    ({ message }: Error) => message,
  );
  expect(error).toContain(complaint);
  expect(error).not.toMatch(/very-secret|c2hvcnQ/);
});

test("an editor that goes by the schema sees what is wrong with kinds, fields and URLs", async () => {
  expect(await fitsSchema(GOOD)).toBe(true);
  for (const wrong of [GOOD.replace("forced", "forcd"), GOOD.replace("kinds", "kind"), GOOD.replace("https:", "ftp:")])
    expect(await fitsSchema(wrong)).toBe(false);
  expect(await fitsSchema(GOOD.replace(", secret_from: CALL_ME_SECRET_HOOK", ""))).toBe(false);
  expect(await fitsSchema(GOOD.replace("url:", "url_from: CALL_ME_SECRET_URL, url:"))).toBe(false);
});
