// Whose web pages may call: what the server tells browsers, and what it refuses by itself. What browsers make of it: test/browser.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { overHttp1, overHttp2 } from "./both-ways.ts";
import { clientsOf } from "./clients.ts";
import { curl } from "./curl.ts";
import { Server } from "./server.ts";
import { envelope } from "./wire.ts";

const FRIEND = "https://ci.example.com";
const OTHER_FRIEND = "http://localhost:5173";

let server: Server;
let closed: Server;
beforeAll(async () => {
  server = await Server.start({ CALL_ME_CORS_ORIGINS: `${FRIEND}, ${OTHER_FRIEND}` });
  closed = await Server.start();
});
afterAll(() => Promise.all([server, closed].map((one) => one[Symbol.asyncDispose]())));

const ACQUIRE = "/callme.v1.LockService/Acquire";

function preflight(origin: string, at: Server = server, path = ACQUIRE): Promise<Response> {
  const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-api-key" };
  return fetch(`${at.url}${path}`, { method: "OPTIONS", headers: { ...headers, "sec-fetch-site": "cross-site" } });
}

function acquire(environment: string, headers: Record<string, string>, at: Server = server): Promise<Response> {
  const own = { "x-api-key": at.key, "content-type": "application/json" };
  return fetch(`${at.url}${ACQUIRE}`, { method: "POST", headers: { ...own, ...headers }, body: JSON.stringify({ environment }) });
}

async function isFree(environment: string, at: Server = server): Promise<boolean> {
  return (await clientsOf(at).locks.check({ environment })).available;
}

describe("an origin of CALL_ME_CORS_ORIGINS", () => {
  test.each([FRIEND, OTHER_FRIEND])("%s: a preflight is answered, without a key", async (origin) => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect(headers.get("access-control-allow-methods")).toBe("DELETE, POST, GET");
    for (const name of ["content-type", "x-api-key", "authorization", "connect-protocol-version", "connect-timeout-ms", "x-grpc-web"])
      expect(headers.get("access-control-allow-headers")?.toLowerCase().split(", ")).toContain(name);
    expect(headers.get("access-control-allow-credentials")).toBe(null);
    expect(headers.get("vary")).toMatch(/origin/i);
  });

  test("it may call, and read the answer", async () => {
    const answer = await acquire("friendly", { origin: FRIEND, "sec-fetch-site": "cross-site" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe(FRIEND);
    for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin", "retry-after"])
      expect(answer.headers.get("access-control-expose-headers")?.toLowerCase().split(", ")).toContain(name);
    expect(answer.headers.get("vary")).toMatch(/origin/i);
  });

  test.each(["--http1.1", "--http2-prior-knowledge"])("it may read refusals, streams and plain routes too (%s)", async (version) => {
    const read = async (args: string[], path: string) =>
      (await curl([version, "-H", `origin: ${FRIEND}`, ...args, `${server.url}${path}`])).headers["access-control-allow-origin"];
    const json = ["-H", "content-type: application/json", "-d", "{}"];
    expect(await read(json, ACQUIRE)).toBe(FRIEND);
    expect(await read(["-H", "x-api-key: wrong", ...json], ACQUIRE)).toBe(FRIEND);
    expect(await read(["-H", `x-api-key: ${server.key}`], "/maybe?environment=free")).toBe(FRIEND);
    expect(await read([], "/openapi.json")).toBe(FRIEND);
    expect(await read([], "/nowhere")).toBe(FRIEND);
    const frame = ["-H", `x-api-key: ${server.key}`, "-H", "content-type: application/connect+json", "-d", "{}"];
    expect(await read(frame, "/callme.v1.LockService/WatchEnvironment")).toBe(FRIEND);
  });
});

describe("any other origin", () => {
  const strangers = ["https://ci.example.com:8443", "http://ci.example.com", "https://evil.ci.example.com", "https://example.com", "null"];

  test.each(strangers)("%s is told nothing, and changes nothing", async (origin) => {
    const asked = await preflight(origin);
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    const answer = await acquire("strange", { origin, "sec-fetch-site": "cross-site" });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    const plain = await fetch(`${server.url}/maybe?environment=strange`, { method: "POST", headers: { origin, "x-api-key": server.key } });
    expect(plain.status).toBe(403);
    expect(await isFree("strange")).toBe(true);
  });

  test("nobody is allowed unless the settings say so", async () => {
    expect((await preflight(FRIEND, closed)).status).toBe(403);
    const answer = await acquire("strange", { origin: FRIEND }, closed);
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    expect(await answer.json()).toMatchObject({ code: "permission_denied", message: expect.stringContaining("CALL_ME_CORS_ORIGINS") });
    expect(await isFree("strange", closed)).toBe(true);
  });

  test("a page of the server's own origin needs no permission", async () => {
    expect((await acquire("own", { origin: closed.url, "sec-fetch-site": "same-origin" }, closed)).status).toBe(200);
    expect((await acquire("own", { origin: closed.url }, closed)).status).toBe(200);
  });
});

test("an answer to no page says that it depends on the origin, too: no cache may give it to one", async () => {
  const grpc = await overHttp2(server, ACQUIRE, { "content-type": "application/grpc", te: "trailers" }, [envelope(new Uint8Array())]);
  const json = await overHttp1(server, ACQUIRE, { "content-type": "application/json", "content-length": "2" }, [Buffer.from("{}")]);
  expect([grpc.headers["vary"], json.headers["vary"]]).toEqual(["origin", "origin"]);
});

test.each(["*", "null", "https://ci.example.com/", "ci.example.com", "https://*.example.com", "https://CI.example.com", "file:///"])(
  "CALL_ME_CORS_ORIGINS=%s stops the start",
  async (origins) => {
    await expect(Server.start({ CALL_ME_CORS_ORIGINS: origins })).rejects.toThrow(/ended with 78.*\n.*CALL_ME_CORS_ORIGINS has "/);
  },
);
