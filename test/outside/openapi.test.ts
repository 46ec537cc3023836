// The OpenAPI document, by public validators: it is one, and what the real server answers is what it says.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CurlLines, curl } from "./curl.ts";
import { answerSchema, closed, operations, published, requestSchema } from "./described.ts";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Which operation answered with which status. */
const seen = new Set<string>();

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** Sends a request, and holds the answer against the document: its status, its content type, its body. */
async function ask(method: string, path: string, init: RequestInit = {}, query = ""): Promise<Answer> {
  const headers = { "x-api-key": server.key, ...(init.body == null ? {} : { "content-type": "application/json" }), ...init.headers };
  const answer = await fetch(`${server.url}${path}${query}`, { ...init, method: method.toUpperCase(), headers });
  const text = await answer.text();
  const schema = answerSchema(path, method, answer.status);
  seen.add(`${method} ${path} ${answer.status}`);
  if (schema === undefined) {
    expect(text, `${method} ${path} ${answer.status}`).toBe("");
    return { status: answer.status, body: undefined, text };
  }
  expect(answer.headers.get("content-type")).toBe("application/json");
  const body = JSON.parse(text) as unknown;
  expect(schema.errorsOf(body), `${method} ${path} ${answer.status}: ${text}`).toEqual([]);
  return { status: answer.status, body, text };
}

/** A call that is as the document wants it. */
async function call(method: string, message: object, headers: Record<string, string> = {}): Promise<Answer> {
  const path = `/callme.v1.${method}`;
  expect(requestSchema(path).errorsOf(message)).toEqual([]);
  const answer = await ask("post", path, { body: JSON.stringify(message), headers });
  if (!operations.has(`get ${path}`)) return answer;
  const query = new URLSearchParams({ connect: "v1", encoding: "json", message: JSON.stringify(message) });
  const read = await ask("get", path, { headers }, `?${query}`);
  expect(read.status).toBe(answer.status);
  return answer;
}

test("the document is OpenAPI 3.1, by a public validator", async () => {
  const document = JSON.parse(readFileSync("gen/openapi/callme.openapi.json", "utf8")) as Record<string, unknown>;
  const validator = new Validator();
  expect(await validator.validate(document)).toMatchObject({ valid: true });
  expect(validator.version).toBe("3.1");
});

test("it is served to everybody, without a key", async () => {
  const address = `${server.url}/openapi.json`;
  const answer = await fetch(address);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect(await answer.json()).toEqual(JSON.parse(readFileSync("gen/openapi/callme.openapi.json", "utf8")));
  const plain = ["/openapi.json", "/healthz", "/readyz"];
  for (const path of plain) {
    const post = await fetch(`${server.url}${path}`, { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET,HEAD"]);
  }
  const head = await fetch(address, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, answer.headers.get("content-length"), ""]);
  for (const version of ["--http1.1", "--http2-prior-knowledge"])
    expect(await curl([version, "-I", address])).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
});

test("every description comes from the contract: none is missing", () => {
  const nameless = closed
    .everyObject()
    .filter(({ at, value }) => at.endsWith("properties") && Object.values(value).some((one) => !described(one)));
  expect(nameless.map(({ at }) => at)).toEqual(["/components/schemas/PlainError/properties", "/components/schemas/Status/properties"]);
});

function described(one: unknown): boolean {
  return typeof one === "object" && one !== null && "description" in one && one.description !== "";
}

test("what a newer server would answer fits as well, and what only a newer server would take does not", () => {
  const newer = { state: "LEASE_STATE_LATER", holder: { kind: "HOLDER_KIND_LATER" }, laterNote: "more" };
  const lease = (document: typeof published) => document.schema("#/components/schemas/Lease").errorsOf(newer);
  expect(lease(published)).toEqual([]);
  expect(lease(closed)).not.toEqual([]);
  for (const request of [{ holder: newer.holder }, { ifBusy: "IF_BUSY_LATER" }, { laterNote: "more" }])
    expect(published.schema("#/components/schemas/AcquireRequest").errorsOf(request)).not.toEqual([]);
});

describe("what is answered is what the document says", () => {
  test("a lease from its request to its end", async () => {
    const holder = { name: "checkout #1", kind: "HOLDER_KIND_PIPELINE", runUrl: "https://ci.example/1" };
    const wanted = { environment: "uat", ttl: "90s", wait: "0.1s", holder, tags: ["a"], reason: "why", priority: 1, requestId: "one" };
    const { body } = await call("LockService/Acquire", wanted);
    const { lease } = body as { lease: { id: string; environments: { fencingToken: string }[] } };
    const leaseId = lease.id;
    await call("LockService/Acquire", { needs: [{ environment: "uat" }, { environment: "other", count: 1, slots: 1 }], requestId: "two" });
    await call("LockService/Acquire", { environment: "uat", ifBusy: "IF_BUSY_FAIL" });
    await call("LockService/Check", { environment: "uat" });
    await call("LockService/Check", { pool: "default" });
    await call("LockService/GetLease", { leaseId });
    await call("LockService/Renew", { leaseId, ttl: "100s" });
    await call("LockService/CheckFence", { environment: "uat", fencingToken: lease.environments[0]?.fencingToken });
    await call("EnvironmentService/ListLeases", { filter: { states: ["LEASE_STATE_HELD"], pool: "default" }, pageSize: 1 });
    await call("LockService/Release", { leaseId, outcome: "OUTCOME_OK", note: "done" });
    await call("LockService/Release", { leaseId });
  });

  test("an environment from its making to its end", async () => {
    const made = {
      name: "lab",
      capacity: 2,
      labels: { os: "linux" },
      links: { page: "https://lab.example" },
      lockDelay: "0s",
      maxTtl: "3600s",
    };
    await call("EnvironmentService/ApplyEnvironments", { environments: [made], dryRun: true });
    await call("EnvironmentService/ApplyEnvironments", { environments: [made] });
    await call("EnvironmentService/ApplyEnvironments", { environments: [{ ...made, capacity: 1 }] });
    await call("EnvironmentService/ListEnvironments", { pageSize: 1 });
    await call("EnvironmentService/GetEnvironment", { environment: "lab" });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const state = { environment: "lab", state: "ENVIRONMENT_STATE_MAINTENANCE", reason: "paint", until };
    await call("EnvironmentService/SetEnvironmentState", state);
    await call("EnvironmentService/SetEnvironmentState", { environment: "lab", state: "ENVIRONMENT_STATE_DIRTY" });
    const given = await call("EnvironmentService/AcquireForCleaning", { environment: "lab", ttl: "60s", wait: "0.1s" });
    await call("LockService/Release", { leaseId: (given.body as { lease: { id: string } }).lease.id });
    expect((await call("EnvironmentService/AcquireForCleaning", { pool: "default" })).status).toBe(404);
    const taken = await call("LockService/Acquire", { environment: "forced" });
    const { id } = (taken.body as { lease: { id: string } }).lease;
    await call("EnvironmentService/ForceRelease", { leaseId: id, reason: "stuck" });
    await call("EnvironmentService/DeleteEnvironment", { environment: "lab" });
  });

  test("what has happened, and how much of it", async () => {
    const listed = await call("InsightService/ListEvents", { filter: { kinds: ["EVENT_KIND_GRANTED"] }, pageSize: 1 });
    expect(listed.body).toMatchObject({ events: [{ kind: "EVENT_KIND_GRANTED" }], nextPageToken: expect.any(String) });
    await call("InsightService/GetStats", { window: "3600s", groupBy: "GROUP_BY_LABEL", labelKey: "os" });
    await call("InsightService/ListNotices", { pageSize: 1 });
    await call("InsightService/RetryNotice", { id: "msg_of_nobody" });
    await call("InsightService/DropNotices", { all: true });
    await call("InsightService/TestNotices", {});
  });

  test("a key from its making to its end", async () => {
    const grant = { role: "ROLE_USE", patterns: ["lab-*"], maxHold: "3600s", maxPriority: 0, maxLeases: 5 };
    const made = await call("AccessService/CreateKey", { label: "a team", grants: [grant], ttl: "3600s" });
    const { id } = (made.body as { key: { id: string } }).key;
    await call("AccessService/RotateKey", { id, overlap: "60s" });
    await call("AccessService/ListKeys", { pageSize: 1 });
    await call("AccessService/WhoAmI", {});
    await call("AccessService/RevokeKey", { id });
  });

  test("the plain routes", async () => {
    const maybe = (method: string, query = "?environment=old") => ask(method, "/maybe", {}, query);
    expect((await maybe("get")).status).toBe(200);
    expect((await maybe("post")).status).toBe(201);
    expect((await maybe("post")).status).toBe(403);
    expect((await maybe("get")).status).toBe(403);
    expect((await maybe("delete")).status).toBe(204);
    for (const method of ["get", "post", "delete"]) expect((await maybe(method, "")).status).toBe(422);
    expect((await ask("get", "/maybe", { headers: { "x-api-key": "wrong" } }, "?environment=old")).status).toBe(401);
    await ask("get", "/healthz");
    await ask("get", "/readyz");
    expect((await ask("get", "/watch", {}, "?environment=-")).status).toBe(400);
  });

  test("/watch, line by line", async () => {
    await using watch = new CurlLines(["-H", `x-api-key: ${server.key}`, `${server.url}/watch?environment=watched`]);
    const line = closed.schema("#/components/schemas/WatchEnvironmentResponse");
    expect(line.errorsOf(await watch.next())).toEqual([]);
    await call("LockService/Acquire", { environment: "watched" });
    for (let kind: unknown; kind !== "WATCH_KIND_CHANGE"; ) {
      const message = await watch.next();
      expect(line.errorsOf(message)).toEqual([]);
      kind = message["kind"];
    }
  });

  const methods = [...operations]
    .filter((operation) => operation.startsWith("post /callme"))
    .map((operation) => operation.slice("post ".length));

  test.each(methods)("%s: every kind of refusal", async (path) => {
    const refused = async (init: RequestInit, status: number) => expect((await ask("post", path, init)).status).toBe(status);
    await refused({ body: "{}", headers: { "x-api-key": "wrong" } }, 401);
    await refused({ body: "{" }, 400);
    await refused({ body: '{"unheardOf":1}' }, 400);
    await refused({ body: "{}", headers: { "content-type": "text/plain" } }, 415);
    await refused({ body: "{}", headers: { origin: "https://elsewhere.example" } }, 403);
    await refused({ body: `{"environment":"${"x".repeat(5 * 1024 * 1024)}"}` }, 429);
    expect(requestSchema(path).errorsOf({ unheardOf: 1 })).not.toEqual([]);
    if (operations.has(`get ${path}`)) expect((await ask("get", path, {}, '?encoding=json&message={"unheardOf":1}')).status).toBe(400);
  });

  test("refusals of the rules", async () => {
    expect((await call("LockService/GetLease", { leaseId: "none" })).status).toBe(404);
    await call("LockService/Acquire", { environment: "rules", requestId: "rules" });
    expect((await call("LockService/Acquire", { environment: "rules", requestId: "rules", reason: "other" })).status).toBe(409);
    expect((await call("LockService/Acquire", { environment: "-" })).status).toBe(400);
    expect((await call("LockService/Check", { pool: "none" })).status).toBe(404);
  });

  test("every operation was seen to answer well, and badly", () => {
    const bare = [...operations].filter((operation) => !/ \/(healthz|readyz|openapi\.json|watch)$/.test(operation));
    const answered = (operation: string, kind: string) => [...seen].some((one) => one.startsWith(`${operation} ${kind}`));
    expect(bare.filter((operation) => !answered(operation, "20"))).toEqual([]);
    expect(bare.filter((operation) => !answered(operation, "4"))).toEqual([]);
  });
});
