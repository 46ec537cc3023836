// Tokens of CI jobs, by a server as a process: whom they let in, and what is refused.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PrincipalKind, Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { AUDIENCE, type Changes, TestIssuer } from "../access/issuer.ts";
import { type Address, clientsOf, failureOf, leaseIn, refusal, TRANSPORTS, type TransportName } from "./clients.ts";
import { curl } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { governed, rewrite } from "./governed.ts";
import type { LogLine, Server } from "./server.ts";

const SHOP = { name: "shop", claims: { repository_id: "1296269", repository_owner_id: "583231" } };

let issuer: TestIssuer;
let server: Server;
beforeAll(async () => {
  issuer = await TestIssuer.start();
  server = await governed(issuer, [SHOP]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

async function with_(token: Promise<string>, of = server): Promise<Address> {
  return { url: of.url, key: await token };
}

function logged(of: Server, msg: RegExp): Promise<LogLine> {
  return eventually(() => of.log.find((line) => msg.test(line.msg)));
}

test("a token tells who its job is, and opens what its rule grants", async () => {
  const { access, locks } = clientsOf(await with_(issuer.github()));
  expect(await access.whoAmI({})).toMatchObject({
    principal: "oidc:shop:1296269",
    kind: PrincipalKind.OIDC,
    label: "acme/shop",
    grants: [{ role: Role.USE, patterns: ["uat-*"] }],
    claims: { repository: "acme/shop", ref: "refs/heads/main", event_name: "push" },
    expiresAt: expect.anything(),
  });
  const lease = leaseIn(
    await locks.acquire({ environment: "uat-1", holder: { name: "me", repository: "evil/other", runUrl: "https://a" } }),
  );
  expect(lease).toMatchObject({ principal: "oidc:shop:1296269", principalLabel: "acme/shop" });
  expect(lease.holder).toMatchObject({ name: "me", repository: "acme/shop", ref: "main", actor: "octocat", runUrl: "https://a" });
  expect(lease.holder?.proven.toSorted()).toEqual(["actor", "ref", "repository", "sha"]);
  expect(await refusal(locks.acquire({ environment: "production" }))).toBe("permission_denied NOT_ALLOWED");
  const renewed = await clientsOf(await with_(issuer.github({ run_id: "2" }))).locks.renew({ leaseId: lease.id });
  expect(renewed.lease?.state).toBe(LeaseState.HELD);
});

test.each(Object.keys(TRANSPORTS) as TransportName[])(
  "over %s a token that nobody has shown before opens, and a forged one does not",
  async (over) => {
    const { locks } = clientsOf(await with_(issuer.github()), over);
    const lease = leaseIn(await locks.acquire({ environment: "uat-2" }));
    await locks.release({ leaseId: lease.id });
    expect(await refusal(clientsOf(await with_(issuer.github({ aud: "https://other" })), over).locks.check({ environment: "uat-2" }))).toBe(
      "unauthenticated WRONG_KEY",
    );
  },
);

test("a token opens /maybe and /watch", async () => {
  const bearer = `authorization: Bearer ${await issuer.github()}`;
  const maybe = (method: string) => curl(["-X", method, "-H", bearer, `${server.url}/maybe?environment=uat-3`]);
  expect((await maybe("POST")).status).toBe(201);
  expect((await maybe("DELETE")).status).toBe(204);
  const other = `authorization: Bearer ${await issuer.github()}`;
  const watch = await curl(["-N", "-H", other, "--max-time", "20", `${server.url}/watch?environment=uat-3&since_revision=none`]);
  expect(watch.status).toBe(400);
});

const second = () => Math.floor(Date.now() / 1_000);
const base64 = (value: object | string) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

async function byAnother(changes: Changes = {}): Promise<string> {
  await using another = await TestIssuer.start();
  return await another.github({ iss: issuer.url, ...changes });
}

async function withPassword(): Promise<string> {
  const [, payload = ""] = (await issuer.github()).split(".");
  const signed = `${base64({ alg: "HS256", kid: "first", typ: "JWT" })}.${payload}`;
  return `${signed}.${createHmac("sha256", await issuer.publicText())
    .update(signed)
    .digest("base64url")}`;
}

const FORGED: readonly [string, () => Promise<string>][] = [
  ["without a signature", async () => `${base64({ alg: "none", kid: "first" })}.${(await issuer.github()).split(".")[1]}.`],
  ["signed by the public key as a password", withPassword],
  ["signed by somebody else", byAnother],
  ["with a list of issuers", () => issuer.github({ iss: [issuer.url] })],
  ["for another audience", () => issuer.github({ aud: "https://github.com/acme" })],
  ["for several audiences", () => issuer.github({ aud: [AUDIENCE, "https://github.com/acme"] })],
  ["of another organisation", () => issuer.github({ repository_owner: "evil", repository_owner_id: "666", repository: "evil/shop" })],
  ["of an organisation that looks alike", () => issuer.github({ repository_owner_id: "5832310" })],
  ["that has expired", () => issuer.github({ exp: second() - 60 })],
  ["that is not valid yet", () => issuer.github({ nbf: second() + 600 })],
  ["issued in the future", () => issuer.github({ iat: second() + 600 })],
  ["of an unknown key", () => issuer.github({}, { kid: "another" })],
  ["of another type", () => issuer.github({}, { typ: "at+jwt" })],
  ["with an extension", () => issuer.github({}, { crit: ["b64"], b64: true })],
  ["with a key of its own", () => byAnother({})],
  ["that is cut off", async () => (await issuer.github()).slice(0, -9)],
  ["that is cut off before its signature", async () => (await issuer.github()).replace(/\.[^.]*$/, "")],
  ["that is large", () => issuer.github({ filler: "x".repeat(9_000) }, { kid: "another" })],
  ["that is no token", async () => "eyJhbGciOiJSUzI1NiJ9.e30.AA"],
];

test("every forged token is answered alike, and by the same words as a wrong key", async () => {
  const body = async (key: string) => {
    const headers = ["-H", `authorization: Bearer ${key}`, "-H", "content-type: application/json"];
    const { status, body: text } = await curl([...headers, "-d", "{}", `${server.url}/callme.v1.AccessService/WhoAmI`]);
    return `${status} ${text}`;
  };
  const wrong = await body("wrong");
  expect(wrong).toMatch(/^401 .*WRONG_KEY/);
  for (const [name, token] of FORGED) expect([name, await body(await token())]).toEqual([name, wrong]);
  expect(await body(await issuer.github())).toMatch(/^200 /);
});

test("no token is in the log, which says why each was refused", async () => {
  await using quiet = await governed(issuer, [SHOP]);
  const token = await issuer.github({ repository_id: "99" });
  expect(await refusal(clientsOf({ url: quiet.url, key: token }).access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
  const line = await eventually(() => quiet.log.find(({ claims }) => (claims as Changes | undefined)?.["repository_id"] === "99"));
  expect(line).toMatchObject({
    level: "warn",
    msg: "a token is refused",
    why: 'no rule of its issuer fits: not shop by its repository_id, "99"',
  });
  for (const part of token.split(".")) expect(quiet.lines.join("\n")).not.toContain(part);
});

test("tokens that anybody can make up do not silence why a job's own was refused", async () => {
  await using flooded = await governed(issuer, [SHOP]);
  const { access } = clientsOf({ url: flooded.url, key: "" }, "gRPC");
  const show = (token: string) => refusal(access.whoAmI({}, { headers: { authorization: `Bearer ${token}` } }));
  await Promise.all(Array.from({ length: 50 }, async (_, index) => show(await issuer.github({}, { kid: `unknown-${index}` }))));
  await Promise.all(Array.from({ length: 50 }, async (_, index) => show(await issuer.github({ iss: `https://${index}.example` }))));
  await show(await byAnother({}));
  await show(await issuer.github({ repository_id: "99" }));
  await eventually(() => flooded.log.some(({ claims }) => (claims as Changes | undefined)?.["repository_id"] === "99"));
  const said = (why: RegExp) => flooded.log.filter(({ why: text }) => typeof text === "string" && why.test(text)).length;
  expect([/a key that its issuer does not have/, /none of the issuers/, /its signature/].map(said)).toEqual([20, 20, 1]);
});

test("1,000 tokens of different unknown keys at once are one fetch of the keys at most, and all refused", async () => {
  const before = issuer.fetches;
  const tokens = await Promise.all(Array.from({ length: 1_000 }, (_, index) => issuer.github({}, { kid: `unknown-${index}` })));
  const { access } = clientsOf({ url: server.url, key: "" }, "gRPC");
  const refusals = tokens.map((token) => refusal(access.whoAmI({}, { headers: { authorization: `Bearer ${token}` } })));
  expect(new Set(await Promise.all(refusals))).toEqual(new Set(["unauthenticated WRONG_KEY"]));
  expect(issuer.fetches - before).toBeLessThanOrEqual(1);
});

test("a key beside a token counts, and so does a wrong one", async () => {
  const who = (key: string, token: string) =>
    clientsOf({ url: server.url, key }).access.whoAmI({}, { headers: { authorization: `Bearer ${token}` } });
  expect((await who(server.key, await issuer.github())).principal).toBe("admin");
  expect((await who(server.key, "wrong")).principal).toBe("admin");
  expect(await refusal(who("wrong", await issuer.github()))).toBe("unauthenticated WRONG_KEY");
});

describe("in audit mode", () => {
  test("nobody is let in, and the log says once of a token beside a key what its rule would have said", async () => {
    await using audited = await governed(issuer, [SHOP, { ...SHOP, name: "other", claims: { repository_id: "2" }, mode: "enforce" }], {
      mode: "audit",
    });
    const { access } = clientsOf(audited);
    const [good, bad, own] = [
      await issuer.github(),
      await issuer.github({ repository_id: "3" }),
      await issuer.github({ repository_id: "2" }),
    ];
    for (const token of [good, bad, good, bad])
      expect((await access.whoAmI({}, { headers: { authorization: `Bearer ${token}` } })).principal).toBe("admin");
    expect(await logged(audited, /a token beside a key would be let in/)).toMatchObject({ rule: "shop", principal: "oidc:shop:1296269" });
    expect(await logged(audited, /a token beside a key would be refused/)).toMatchObject({
      why: 'no rule of its issuer fits: not shop by its repository_id, "3"; not other by its repository_id, "3"',
    });
    expect(audited.log.filter(({ msg }) => msg.startsWith("a token beside a key"))).toHaveLength(2);
    expect(await refusal(clientsOf({ url: audited.url, key: good }).access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    expect((await clientsOf({ url: audited.url, key: own }).access.whoAmI({})).principal).toBe("oidc:other:2");
  });
});

test("while the issuer is down a new token can be tried again, and one that was good stays so", async () => {
  await using down = await TestIssuer.start();
  down.answer = (_, response) => response.writeHead(503).end();
  await using lone = await governed(down, [SHOP]);
  const first = clientsOf(await with_(down.github(), lone));
  expect(await failureOf(first.access.whoAmI({}))).toMatchObject({ rawMessage: expect.stringContaining("cannot be checked just now") });
  expect(await refusal(first.access.whoAmI({}))).toBe("unavailable TOKEN_UNCHECKED");
  expect(await logged(lone, /the keys of an issuer cannot be fetched/)).toMatchObject({ why: "the answer has status 503, not 200" });
  down.answer = undefined;
  const { principal } = await eventually(() => first.access.whoAmI({}));
  expect(principal).toBe("oidc:shop:1296269");
  down.answer = (request) => request.socket.destroy();
  expect((await clientsOf(await with_(down.github(), lone)).access.whoAmI({})).principal).toBe(principal);
});

test("SIGHUP lets in and out at once: a stream of whom no rule lets in any more ends", async () => {
  await using changed = await governed(issuer, [SHOP, { name: "second", claims: { repository_id: "2" } }]);
  const stream = async (token: string) => {
    const watch = clientsOf({ url: changed.url, key: token }, "gRPC")
      .locks.watchEnvironment({ environment: "uat-1" })
      [Symbol.asyncIterator]();
    await watch.next();
    return watch;
  };
  const [kept, ended] = [await issuer.github(), await issuer.github({ repository_id: "2" })];
  const [first, second_] = [await stream(kept), await stream(ended)];
  await rewrite(changed, issuer, [SHOP, { name: "third", claims: { repository_id: "3" } }]);
  changed.signal("SIGHUP");
  expect(await refusal(second_.next())).toBe("unauthenticated WRONG_KEY");
  expect(await refusal(clientsOf({ url: changed.url, key: ended }).access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
  expect((await clientsOf(await with_(issuer.github({ repository_id: "3" }), changed)).access.whoAmI({})).principal).toBe("oidc:third:3");
  await clientsOf({ url: changed.url, key: kept }).locks.acquire({ environment: "uat-1" });
  expect((await first.next()).done).toBe(false);
  await first.return?.();
});

test("whoever is gone before the token is checked has asked for nothing", async () => {
  await using slow = await TestIssuer.start();
  const answers: (() => void)[] = [];
  slow.answer = (_, response) => answers.push(() => response.end(slow.keys));
  await using lone = await governed(slow, [SHOP]);
  const token = await slow.github();
  const gone = new AbortController();
  const calls = (["Connect, JSON, HTTP/1.1", "gRPC"] as const).map((over, index) =>
    refusal(clientsOf({ url: lone.url, key: token }, over).locks.acquire({ environment: `uat-${index}` }, { signal: gone.signal })),
  );
  const stays = clientsOf({ url: lone.url, key: token }).access.whoAmI({});
  await eventually(() => answers.length > 0);
  gone.abort();
  expect(await Promise.all(calls)).toEqual(["canceled", "canceled"]);
  for (const answer of answers) answer();
  expect((await stays).principal).toBe("oidc:shop:1296269");
  expect((await clientsOf(lone).environments.listEnvironments({})).environments).toEqual([]);
});

test("a stop waits for no issuer: who waits for one is told to try again", async () => {
  await using silent = await TestIssuer.start();
  silent.answer = () => {};
  await using lone = await governed(silent, [SHOP]);
  const { access } = clientsOf({ url: lone.url, key: "" }, "gRPC");
  const waiting = refusal(access.whoAmI({}, { headers: { authorization: `Bearer ${await silent.github()}` } }));
  // The server has had the call before when it answers another one of the same connection.
  await access.whoAmI({}, { headers: { "x-api-key": lone.key } });
  expect([await lone.stop(), await waiting]).toEqual([0, expect.stringMatching(/^unavailable/)]);
  expect(lone.log.map(({ why }) => why).join()).toContain("the server is about to stop");
});
