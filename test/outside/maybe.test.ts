// The original API, kept to the letter.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, leaseIn, refusal, seconds } from "./clients.ts";
import { curl } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

type Options = RequestInit & { readonly at?: Server };

/** One call of /maybe with the key. `query` is sent as it is. */
async function raw(method: string, query: string, { at = server, ...init }: Options = {}) {
  const answer = await fetch(`${at.url}/maybe${query}`, { method, headers: { "x-api-key": at.key }, ...init });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

/** The status of a call on an environment; all of its bodies are empty. */
async function maybe(method: string, environment: string, options: Options = {}): Promise<number> {
  const { status, body } = await raw(method, `?environment=${encodeURIComponent(environment)}`, options);
  expect(body).toBe("");
  return status;
}

test("the round trip of the original: free, taken, busy, freed, free", async () => {
  expect(await maybe("GET", "uat")).toBe(200);
  expect(await maybe("POST", "uat")).toBe(201);
  expect(await maybe("GET", "uat")).toBe(403);
  expect(await maybe("POST", "uat")).toBe(403);
  expect(await maybe("DELETE", "uat")).toBe(204);
  expect(await maybe("DELETE", "uat")).toBe(204);
  expect(await maybe("GET", "uat")).toBe(200);
  expect(await maybe("DELETE", "nobody-ever-asked-for")).toBe(204);
});

test("it works over HTTP/1.0-like connections too, with a content type and no body", async () => {
  const headers = { "x-api-key": server.key, "content-type": "text/plain", connection: "close" };
  expect(await maybe("POST", "typed", { headers })).toBe(201);
  expect(await maybe("DELETE", "typed", { headers })).toBe(204);
});

describe("what is wrong is told in the original's words", () => {
  const json = (code: number, message: string) => JSON.stringify({ code, message });
  const noKey = json(401, "unauthenticated for invalid credentials");
  const wrongKey = json(401, "incorrect api key auth");
  const missing = json(602, "environment in query is required");

  test.each([
    ["no key", "GET", "?environment=e", {}, 401, noKey],
    ["an empty key", "POST", "?environment=e", { "x-api-key": "" }, 401, noKey],
    ["a wrong key", "GET", "?environment=e", { "x-api-key": "wrong" }, 401, wrongKey],
    ["a wrong key of the same length", "DELETE", "?environment=e", { "x-api-key": "the-key-of-the-testz" }, 401, wrongKey],
    ["no key comes before no parameter", "GET", "", {}, 401, noKey],
    ["no parameter", "GET", "", undefined, 422, missing],
    ["an empty parameter", "POST", "?environment=", undefined, 422, missing],
    ["another parameter", "DELETE", "?env=e", undefined, 422, missing],
    ["an empty parameter after a full one", "POST", "?environment=e&environment=", undefined, 422, missing],
  ] as const)("%s", async (_, method, query, headers, status, body) => {
    const answer = await raw(method, query, headers === undefined ? {} : { headers });
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  test.each(["?environment=%zz", "?environment=%", "?environment=%ff", "?%zz=e", "?environment=&x=%zz"])(
    "a query that does not decode names nothing: %s",
    async (query) => {
      for (const method of ["GET", "POST", "DELETE"]) expect(await raw(method, query)).toMatchObject({ status: 422, body: missing });
    },
  );

  test.each(["PUT", "PATCH", "OPTIONS"])("%s is not allowed, with or without a key", async (method) => {
    for (const headers of [{ "x-api-key": server.key }, {}]) {
      const answer = await raw(method, "?environment=e", { headers });
      expect(answer).toMatchObject({ status: 405, body: json(405, `method ${method} is not allowed, but [DELETE,GET,POST] are`) });
      expect(answer.headers.get("allow")).toBe("DELETE,GET,POST");
    }
  });

  test.each(["/x", "/_page", "/maybe/x", "/Maybe", "/constructor"])("the path %s was not found", async (path) => {
    const answer = await fetch(`${server.url}${path}?environment=e`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe(json(404, `path ${path} was not found`));
  });

  test.each(["POST", "DELETE"])("a body that is not JSON: 415 to %s, and nothing is done", async (method) => {
    const headers = { "x-api-key": server.key, "content-type": "text/plain" };
    const answer = await raw(method, "?environment=media", { headers, body: "x" });
    expect(answer).toMatchObject({
      status: 415,
      body: json(415, 'unsupported media type "text/plain", only [application/json] are allowed'),
    });
    expect(await maybe("GET", "media")).toBe(200);
  });

  test.each(["--http1.1", "--http2-prior-knowledge"])("also when the body's length is not told beforehand (%s)", async (version) => {
    const args = [version, "-X", "POST", "-H", `x-api-key: ${server.key}`, "-H", "content-type: text/plain", "-T", "-"];
    expect((await curl([...args, `${server.url}/maybe?environment=media`], "x")).status).toBe(415);
  });

  test("a JSON body is ignored", async () => {
    const headers = { "x-api-key": server.key, "content-type": "application/json; charset=utf-8" };
    expect(await maybe("POST", "media", { headers, body: "{}" })).toBe(201);
    expect(await maybe("DELETE", "media", { headers, body: "{}" })).toBe(204);
  });
});

test.each(["/maybe/", "//maybe", "/./maybe", "/x/../maybe//"])("the path %s is /maybe", async (path) => {
  // Down to the byte: fetch and curl tidy a path up before they send it.
  const ask = ["-X", "POST", "--path-as-is", "-H", `x-api-key: ${server.key}`];
  const environment = encodeURIComponent(path);
  expect((await curl([...ask, `${server.url}${path}?environment=${environment}`])).status).toBe(201);
  expect(await maybe("GET", path)).toBe(403);
});

test("a part of the query that does not decode takes no other along", async () => {
  expect((await raw("POST", "?%zz&environment=whole&environment=%zz&environment")).status).toBe(422);
  expect((await raw("POST", "?%zz&environment=whole&environment=%zz")).status).toBe(201);
  expect(await maybe("GET", "whole")).toBe(403);
});

test("of a repeated parameter the last one counts", async () => {
  expect((await raw("POST", "?environment=first&environment=last")).status).toBe(201);
  expect(await maybe("GET", "first")).toBe(200);
  expect(await maybe("GET", "last")).toBe(403);
  expect((await raw("DELETE", "?environment=first&environment=last")).status).toBe(204);
  expect(await maybe("GET", "last")).toBe(200);
});

test.each(["weird name ?ü", " ", "a+b", "%", "../..", "né/à?b=c&d#e", "\u0000", "\u202e", "名前", "x".repeat(2000), "__proto__"])(
  "any name is taken: %j",
  async (name) => {
    expect(await maybe("GET", name)).toBe(200);
    expect(await maybe("POST", name)).toBe(201);
    expect(await maybe("POST", name)).toBe(403);
    expect(await maybe("GET", `${name}!`)).toBe(200);
    const { environments } = await clients.locks.check({ environment: name });
    expect(environments).toMatchObject([{ name, used: 1 }]);
    expect(await maybe("DELETE", name)).toBe(204);
    expect(await maybe("GET", name)).toBe(200);
  },
);

test("a question mark within the query belongs to the name", async () => {
  expect((await raw("POST", "?environment=what?now")).status).toBe(201);
  expect(await maybe("GET", "what")).toBe(200);
  expect(await maybe("GET", "what?now")).toBe(403);
});

test("facts are added in headers", async () => {
  const { lease } = await clients.locks.acquire({ environment: "told", holder: { name: "Jürgen \u65e5" } });
  const busy = await raw("POST", "?environment=told");
  expect(busy).toMatchObject({ status: 403, body: "" });
  expect(busy.headers.get("x-call-me-lease-id")).toBe(lease?.id);
  expect(busy.headers.get("x-call-me-holder")).toMatch(/^J.*rgen .+$/);
  expect(Number(busy.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("a lease made here has neither ttl nor max_hold", async () => {
  const made = await raw("POST", "?environment=eternal");
  const leaseId = made.headers.get("x-call-me-lease-id") ?? "";
  const lease = leaseIn(await clients.locks.getLease({ leaseId }));
  expect([lease.ttl, lease.maxHold, lease.expiresAt, lease.ttlRemaining]).toEqual([undefined, undefined, undefined, undefined]);
});

describe("beside the new API", () => {
  test("DELETE never frees what only the new API holds, and says so", async () => {
    await clients.locks.acquire({ environment: "theirs" });
    expect(await maybe("DELETE", "theirs")).toBe(403);
    expect(await maybe("GET", "theirs")).toBe(403);
  });

  test("DELETE ends the oldest of what was taken here, then refuses", async () => {
    const environment = "shared";
    await clients.environments.applyEnvironments({ environments: [{ name: environment, capacity: 3 }] });
    const theirs = leaseIn(await clients.locks.acquire({ environment }));
    const [first, second] = [await raw("POST", `?environment=${environment}`), await raw("POST", `?environment=${environment}`)];
    const ended = [await raw("DELETE", `?environment=${environment}`), await raw("DELETE", `?environment=${environment}`)];
    const id = ({ headers }: { headers: Headers }) => headers.get("x-call-me-lease-id");
    expect(ended.map(id)).toEqual([id(first), id(second)]);
    expect(await maybe("DELETE", environment)).toBe(403);
    expect(leaseIn(await clients.locks.getLease({ leaseId: theirs.id })).endedAt).toBeUndefined();
  });

  test("a POST does not overtake those who wait, and GET says so before", async () => {
    const environment = "in-line";
    await maybe("POST", environment);
    const waiting = clients.locks.acquire({ environment, wait: seconds(30) });
    await eventually(async () => (await clients.locks.check({ environment })).environments[0]?.queueLength === 1);
    expect(await maybe("DELETE", environment)).toBe(204);
    expect(await maybe("GET", environment)).toBe(403);
    expect(await maybe("POST", environment)).toBe(403);
    await clients.locks.release({ leaseId: leaseIn(await waiting).id });
    expect(await maybe("GET", environment)).toBe(200);
  });

  test("a DELETE hands over to who waits through the new API", async () => {
    await maybe("POST", "handed");
    const waiting = clients.locks.acquire({ environment: "handed", requestId: "w", wait: seconds(30) });
    await eventually(async () => (await clients.locks.check({ environment: "handed" })).environments[0]?.queueLength === 1);
    await maybe("DELETE", "handed");
    expect(leaseIn(await waiting).grantedAt).toBeDefined();
  });

  test("an environment out of service is busy, and one that rests after an expiry too", async () => {
    const environment = "resting";
    const { environments, locks } = clients;
    await environments.applyEnvironments({ environments: [{ name: environment }] });
    await environments.setEnvironmentState({ environment, state: EnvironmentState.DRAINING });
    expect([await maybe("GET", environment), await maybe("POST", environment)]).toEqual([403, 403]);
    await environments.setEnvironmentState({ environment, state: EnvironmentState.AVAILABLE });
    expect(await maybe("GET", environment)).toBe(200);
    const { id: leaseId } = leaseIn(await locks.acquire({ environment }));
    await environments.forceRelease({ leaseId, reason: "test" });
    expect([await maybe("GET", environment), await maybe("POST", environment), await maybe("DELETE", environment)]).toEqual([
      403, 403, 403,
    ]);
  });

  test("a lease_token is no key here", async () => {
    const { leaseToken } = await clients.locks.acquire({ environment: "tokened" });
    const answer = await raw("GET", "?environment=tokened", { headers: { "x-api-key": leaseToken } });
    expect(answer).toMatchObject({ status: 401, body: '{"code":401,"message":"incorrect api key auth"}' });
  });
});

test("CALL_ME_LEGACY_TTL gives what is taken here an end", async () => {
  await using other = await Server.start({ CALL_ME_LEGACY_TTL: "1s" });
  const { locks } = clientsOf(other);
  const watch = locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]();
  await watch.next();
  const taken = await raw("POST", "?environment=uat", { at: other });
  const lease = leaseIn(await locks.getLease({ leaseId: taken.headers.get("x-call-me-lease-id") ?? "" }));
  expect(lease.ttl).toMatchObject({ seconds: 1n });
  await watch.next();
  expect((await watch.next()).value).toMatchObject({ environments: [{ used: 0, resting: 1 }], cause: { leaseId: lease.id } });
  await watch.return?.();
});

test("CALL_ME_AUTO_CREATE=off: an unknown name is busy, and nothing is created", async () => {
  await using other = await Server.start({ CALL_ME_AUTO_CREATE: "off" });
  expect([await maybe("GET", "uat", { at: other }), await maybe("POST", "uat", { at: other })]).toEqual([403, 403]);
  expect(await maybe("DELETE", "uat", { at: other })).toBe(204);
  const { environments } = clientsOf(other);
  expect((await environments.listEnvironments({})).environments).toEqual([]);
  await environments.applyEnvironments({ environments: [{ name: "uat" }] });
  expect([await maybe("GET", "uat", { at: other }), await maybe("POST", "uat", { at: other })]).toEqual([200, 201]);
});

test("at the limit of environments GET and Check of an unknown name say what POST and Acquire would get", async () => {
  await using other = await Server.start();
  const { environments, locks } = clientsOf(other);
  const names = Array.from({ length: 9_999 }, (_, index) => ({ name: `e${index}` }));
  await environments.applyEnvironments({ environments: names });
  // Made on demand, and idle: it is forgotten where room is needed, and refuses nobody.
  expect([await maybe("POST", "idle", { at: other }), await maybe("DELETE", "idle", { at: other })]).toEqual([201, 204]);
  expect([await maybe("GET", "new", { at: other }), await maybe("POST", "new", { at: other })]).toEqual([200, 201]);
  expect(await maybe("GET", "newer", { at: other })).toBe(403);
  expect(await locks.check({ environment: "newer" })).toMatchObject({ available: false, environments: [{ used: 0, available: false }] });
  expect((await raw("POST", "?environment=newer", { at: other })).status).toBe(503);
  expect(await refusal(locks.acquire({ environment: "newer" }))).toBe("resource_exhausted LIMIT_REACHED");
  expect([await maybe("GET", "e1", { at: other }), await maybe("POST", "e1", { at: other })]).toEqual([200, 201]);
  await maybe("DELETE", "new", { at: other });
  expect([await maybe("GET", "newer", { at: other }), await maybe("POST", "newer", { at: other })]).toEqual([200, 201]);
});
