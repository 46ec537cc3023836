/** The keys of an issuer: fetched seldom, from one address, and used for a while when the issuer is down. */
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Fetched, IssuerKeys, KEY_TIMES } from "../../src/access/oidc/keys.ts";
import { TestIssuer } from "./issuer.ts";

let issuer: TestIssuer;
let now: number;
let reports: Fetched[];
let keys: IssuerKeys;
beforeEach(async () => {
  issuer = await TestIssuer.start();
  now = 1_000_000;
  reports = [];
  keys = new IssuerKeys(
    issuer.jwksUri,
    (fetched) => reports.push(fetched),
    { ...KEY_TIMES, timeout: 500 },
    () => now,
  );
});
afterEach(() => issuer[Symbol.asyncDispose]());

const named = (kid: string) => ({ alg: "RS256", kid });
const minutes = (count: number) => count * 60_000;
function* forever(): Generator<string> {
  for (;;) yield "x".repeat(65_536);
}
/** Resolves with the reports once there are so many of them. */
async function reported(count: number): Promise<Fetched[]> {
  await expect.poll(() => reports.length).toBe(count);
  return reports;
}

test("1,000 different unknown keys at once are one fetch, and so are all that are asked for within 30 s", async () => {
  await keys.find(named("first"));
  now += 30_000;
  const ask = (from: number) =>
    Promise.allSettled(Array.from({ length: 1_000 }, (_, index) => keys.find(named(`unknown-${from + index}`))));
  const answers = await ask(0);
  expect(answers.every((answer) => answer.status === "rejected" && (answer.reason as { fault?: string }).fault === "key")).toBe(true);
  expect(issuer.fetches).toBe(2);
  now += 29_999;
  await ask(1_000);
  expect(issuer.fetches).toBe(2);
  now += 1;
  await ask(2_000);
  expect(issuer.fetches).toBe(3);
});

test("a key that the issuer has added is found by a fetch, without waiting for the age of the others", async () => {
  await keys.find(named("first"));
  await issuer.addKey("second");
  await expect(keys.find(named("second"))).rejects.toThrow("a key that its issuer does not have");
  now += 30_000;
  await keys.find(named("second"));
  expect(issuer.fetches).toBe(2);
});

test("a key that the issuer has taken away is good for ten minutes at most while the issuer answers", async () => {
  await keys.find(named("first"));
  await issuer.addKey("second");
  issuer.removeKey("first");
  now += minutes(5) - 1;
  await keys.find(named("first"));
  expect(issuer.fetches).toBe(1);
  now += minutes(5) + 1;
  await expect(keys.find(named("first"))).rejects.toThrow("a key that its issuer does not have");
});

test("keys are fetched again beside their use, before anybody has to wait for it", async () => {
  await keys.find(named("first"));
  now += minutes(6);
  await keys.find(named("first"));
  await reported(2);
  now += minutes(9);
  await keys.find(named("first"));
  await reported(3);
});

test.each<[string, (from: TestIssuer) => TestIssuer["answer"], RegExp]>([
  ["answers nothing", () => () => {}, /timeout/],
  ["cuts connections", () => (request) => request.socket.destroy(), /fetch failed/],
  ["fails", () => (_, response) => response.writeHead(500).end(), /status 500/],
  ["sends elsewhere", (from) => (_, response) => response.writeHead(302, { location: `${from.url}/other` }).end(), /redirect/],
  ["says something else", () => (_, response) => response.end("<html>"), /JSON/],
  ["says null", () => (_, response) => response.end("null"), /no set of keys/],
  ["has no keys", () => (_, response) => response.end('{"keys": []}'), /has 0 keys/],
  [
    "has keys without names",
    () => (_, response) => response.end('{"keys": [{"kty": "RSA"}, null, 3, {"kty": "oct", "kid": "first"}]}'),
    /has 0 keys/,
  ],
  ["never ends", () => (_, response) => void Readable.from(forever()).pipe(response), /larger than 524288 bytes/],
])("an issuer that %s is down: known keys are good for 24 h, and nobody waits for it twice", async (_, answer, why) => {
  await keys.find(named("first"));
  issuer.answer = answer(issuer);
  const at = issuer.fetches;
  now += minutes(11);
  await keys.find(named("first"));
  expect(issuer.fetches).toBe(at + 1);
  expect((await reported(2))[1]).toMatchObject({ error: { message: expect.stringMatching(why) } });
  now += minutes(60 * 24 - 12);
  await keys.find(named("first"));
  await reported(3);
  now += minutes(1);
  await expect(keys.find(named("first"))).rejects.toMatchObject({ name: "NoKeys" });
  issuer.answer = undefined;
  now += 30_000;
  await keys.find(named("first"));
});

test("without any keys an issuer is asked again after 5 s, and by one fetch for all who ask", async () => {
  issuer.answer = (_, response) => response.writeHead(503).end();
  const ask = () => Promise.allSettled(Array.from({ length: 100 }, () => keys.find(named("first"))));
  for (const { status, ...rest } of await ask()) expect({ status, ...rest }).toMatchObject({ reason: { name: "NoKeys" } });
  await ask();
  expect(issuer.fetches).toBe(1);
  now += 5_000;
  issuer.answer = undefined;
  expect((await ask()).every(({ status }) => status === "fulfilled")).toBe(true);
  expect(issuer.fetches).toBe(2);
});
