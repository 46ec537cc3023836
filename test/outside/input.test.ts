// What the server takes for names, texts and times, and how it says no: always invalid_argument with the field's path, never a 5xx.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
  await call("EnvironmentService/ApplyEnvironments", { environments: [{ name: "known" }] });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Verdict {
  readonly status: number;
  readonly code: string;
  /** The fields that a BadRequest names. */
  readonly fields: readonly string[];
  readonly body: string;
}

interface ErrorBody {
  readonly code?: string;
  readonly details?: readonly {
    readonly type: string;
    readonly debug?: { readonly fieldViolations?: readonly { readonly field: string }[] };
  }[];
}

async function call(method: string, message: object): Promise<Verdict> {
  const headers = { "x-api-key": server.key, "content-type": "application/json" };
  const answer = await fetch(`${server.url}/callme.v1.${method}`, { method: "POST", headers, body: JSON.stringify(message) });
  const body = await answer.text();
  const { code = "", details = [] } = JSON.parse(body) as ErrorBody;
  return {
    status: answer.status,
    code,
    fields: details.flatMap(({ debug }) => debug?.fieldViolations?.map(({ field }) => field) ?? []),
    body,
  };
}

const ACQUIRE = "LockService/Acquire";
const APPLY = "EnvironmentService/ApplyEnvironments";
const holder = ["name", "run_url", "repository", "ref", "sha", "job", "actor"].map(
  (field) =>
    [`holder.${field}`, ACQUIRE, (text: string) => ({ environment: "known", ifBusy: "IF_BUSY_FAIL", holder: { [field]: text } })] as const,
);

/** Each text that is kept, and each name that is made: path, method, and a message that carries it. */
const KEPT: readonly (readonly [path: string, method: string, message: (text: string) => object])[] = [
  ...holder,
  ["reason", ACQUIRE, (text) => ({ environment: "known", ifBusy: "IF_BUSY_FAIL", reason: text })],
  ["tags[1]", ACQUIRE, (text) => ({ environment: "known", ifBusy: "IF_BUSY_FAIL", tags: ["a", text] })],
  ["request_id", ACQUIRE, (text) => ({ environment: "known", ifBusy: "IF_BUSY_FAIL", requestId: text })],
  ["environment", ACQUIRE, (text) => ({ environment: text })],
  ["needs[1].environment", ACQUIRE, (text) => ({ needs: [{ environment: "known" }, { environment: text }] })],
  ["pool", ACQUIRE, (text) => ({ environment: "poolless", pool: text })],
  ["environment", "LockService/Check", (text) => ({ environment: text })],
  ["note", "LockService/Release", (text) => ({ environment: "known", note: text })],
  ["reason", "EnvironmentService/ForceRelease", (text) => ({ leaseId: "x", reason: text })],
  [
    "reason",
    "EnvironmentService/SetEnvironmentState",
    (text) => ({ environment: "known", state: "ENVIRONMENT_STATE_AVAILABLE", reason: text }),
  ],
  ["environments[0].name", APPLY, (text) => ({ environments: [{ name: text }], dryRun: true })],
  ["environments[0].pool", APPLY, (text) => ({ environments: [{ name: "new", pool: text }], dryRun: true })],
  ["environments[0].description", APPLY, (text) => ({ environments: [{ name: "new", description: text }], dryRun: true })],
  ["environments[0].labels", APPLY, (text) => ({ environments: [{ name: "new", labels: { key: text } }], dryRun: true })],
  ["environments[0].labels", APPLY, (text) => ({ environments: [{ name: "new", labels: { [text]: "value" } }], dryRun: true })],
  ["environments[0].links", APPLY, (text) => ({ environments: [{ name: "new", links: { page: `https://${text}` } }], dryRun: true })],
];

/** Texts that are only compared: any is fine, or finds nothing. */
const COMPARED: typeof KEPT = [
  ["lease_id", "LockService/GetLease", (leaseId) => ({ leaseId })],
  ["lease_id", "LockService/Renew", (leaseId) => ({ leaseId })],
  ["lease_id", "LockService/Release", (leaseId) => ({ leaseId })],
  ["environment", "LockService/Release", (environment) => ({ environment })],
  ["environment", "LockService/CheckFence", (environment) => ({ environment })],
  ["pool", "LockService/Check", (pool) => ({ pool })],
  ["environment", "EnvironmentService/GetEnvironment", (environment) => ({ environment })],
  ["environment", "EnvironmentService/DeleteEnvironment", (environment) => ({ environment: `-${environment}` })],
  ["filter", "EnvironmentService/ListLeases", (text) => ({ filter: { pool: text, environment: text, holder: text, tag: text } })],
  ["pool", "EnvironmentService/ListEnvironments", (pool) => ({ pool })],
  ["page_token", "EnvironmentService/ListLeases", (pageToken) => ({ pageToken })],
  ["page_token", "EnvironmentService/ListEnvironments", (pageToken) => ({ pageToken })],
];

const unsafe = fc.oneof(
  fc.integer({ min: 0, max: 0x1f }),
  fc.integer({ min: 0x7f, max: 0x9f }),
  fc.constantFrom(0x61c, 0x200e, 0x200f, 0x2028, 0x2029),
  fc.integer({ min: 0x202a, max: 0x202e }),
  fc.integer({ min: 0x2066, max: 0x2069 }),
);
const around = fc.string({ unit: "grapheme-ascii", maxLength: 20 });
const anything = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1 }).map((units) => String.fromCharCode(...units)),
);

describe("texts", () => {
  test.each(KEPT)("%s of %s: control and bidirectional characters are refused by path", async (path, method, message) => {
    const property = fc.asyncProperty(around, unsafe, around, async (before, point, after) => {
      const verdict = await call(method, message(`${before}${String.fromCodePoint(point)}${after}`));
      expect(verdict).toMatchObject({ status: 400, code: "invalid_argument", fields: [expect.stringContaining(path)] });
    });
    await fc.assert(property, { numRuns: 15 });
  });

  test.each([...KEPT, ...COMPARED])(
    "%s of %s: whatever is sent, the answer is no 5xx, and a refusal names the field",
    async (path, method, message) => {
      const property = fc.asyncProperty(anything, async (text) => {
        const { status, code, fields, body } = await call(method, message(text));
        expect(status, body).toBeLessThan(500);
        if (code === "invalid_argument" && !body.includes("MALFORMED")) expect(fields).toEqual([expect.stringContaining(path)]);
      });
      await fc.assert(property, { numRuns: 25 });
    },
  );

  test.each(KEPT.filter(([path]) => path.startsWith("holder.") || path === "reason"))(
    "%s of %s has 512 characters at most, counted as people do",
    async (path, method, message) => {
      expect((await call(method, message("\u{1f600}".repeat(512)))).code).not.toBe("invalid_argument");
      expect(await call(method, message("\u{1f600}".repeat(513)))).toMatchObject({ code: "invalid_argument", fields: [path] });
    },
  );
});

describe("names", () => {
  test.each(["a", "7", "uat-2/eu.west_1", `x${"y".repeat(127)}`, "UAT"])("%s can be made", async (environment) => {
    expect(await call(ACQUIRE, { environment })).toMatchObject({ status: 200 });
  });

  test.each(["", "-a", "/a", ".a", "_a", "a b", "a\n", "ü", "a:b", "a".repeat(129), "a?"])("%j cannot", async (environment) => {
    expect(await call(ACQUIRE, { environment })).toMatchObject({ code: "invalid_argument", fields: ["environment"] });
  });

  test("they are case-sensitive", async () => {
    await call(ACQUIRE, { environment: "Case" });
    expect((await call("LockService/Check", { environment: "case" })).body).toContain('"available":true');
  });
});

describe("an Acquire", () => {
  const day = 86_400;
  test.each([
    ["ttl", { ttl: "0.999999s" }],
    ["ttl", { ttl: `${30 * day + 1}s` }],
    ["ttl", { ttl: "-5s" }],
    ["max_hold", { maxHold: "0s" }],
    ["wait", { wait: "-1s" }],
    ["queue_timeout", { queueTimeout: `${30 * day + 1}s` }],
    ["ticket_ttl", { ticketTtl: "0.5s" }],
    ["ticket_ttl", { ticketTtl: `${day + 1}s` }],
    ["claim_timeout", { claimTimeout: "3601s" }],
    ["priority", { priority: 11 }],
    ["priority", { priority: -11 }],
    ["tags", { tags: Array.from({ length: 17 }, (_, index) => `t${index}`) }],
    ["tags[0]", { tags: [""] }],
    ["request_id", { requestId: "r".repeat(129) }],
    ["needs", { needs: [{ environment: "b" }] }],
  ])("%s: %j is refused", async (path, more) => {
    expect(await call(ACQUIRE, { environment: "refused", ...more })).toMatchObject({ code: "invalid_argument", fields: [path] });
    expect((await call("LockService/Check", { environment: "refused" })).body).toContain('"available":true');
  });

  test.each([
    ["needs[1].environment", [{ environment: "a" }, { environment: "a" }]],
    ["needs[0].environment", [{}]],
    ["needs[0].count", [{ environment: "a", count: 2 }]],
    ["needs[0].slots", [{ environment: "a", slots: 10_001 }]],
    ["needs", Array.from({ length: 33 }, (_, index) => ({ environment: `n${index}` }))],
    ["environment", []],
  ])("%s: the needs %j are refused", async (path, needs) => {
    expect(await call(ACQUIRE, { needs })).toMatchObject({ code: "invalid_argument", fields: [path] });
  });

  test.each([
    { ttl: "1s" },
    { ttl: `${30 * day}s` },
    { maxHold: `${30 * day}s` },
    { wait: "3600s" },
    { wait: "315576000000s" },
    { priority: -10 },
  ])("%j is taken", async (more) => {
    expect(
      await call(ACQUIRE, {
        environment: `taken-${Object.entries(more)
          .join("-")
          .replaceAll(/[^a-z0-9]/g, "")}`,
        ...more,
      }),
    ).toMatchObject({ status: 200 });
  });

  test("environments of two pools are refused, and an unknown one joins the others'", async () => {
    await call(APPLY, {
      environments: [
        { name: "p1", pool: "one" },
        { name: "p2", pool: "two" },
      ],
    });
    expect(await call(ACQUIRE, { needs: [{ environment: "p1" }, { environment: "p2" }] })).toMatchObject({
      code: "invalid_argument",
      fields: ["pool"],
    });
    expect(await call(ACQUIRE, { environment: "p1", pool: "two" })).toMatchObject({ code: "invalid_argument", fields: ["pool"] });
    expect((await call(ACQUIRE, { needs: [{ environment: "p1" }, { environment: "p3" }] })).body).toContain('"pool":"one"');
  });
});

test("Check of an unknown name answers as of a free one and creates nothing", async () => {
  const unknown = await call("LockService/Check", { environment: "never-made" });
  expect(JSON.parse(unknown.body)).toMatchObject({ available: true, environments: [{ name: "never-made", pool: "default", capacity: 1 }] });
  expect((await call("EnvironmentService/GetEnvironment", { environment: "never-made" })).code).toBe("not_found");
});

test("with CALL_ME_AUTO_CREATE=off an unknown name is not found, and near ones are named", async () => {
  await using strict = await Server.start({ CALL_ME_AUTO_CREATE: "off" });
  const ask = async (method: string, message: object) => {
    const headers = { "x-api-key": strict.key, "content-type": "application/json" };
    return (await fetch(`${strict.url}/callme.v1.${method}`, { method: "POST", headers, body: JSON.stringify(message) })).text();
  };
  await ask(APPLY, { environments: [{ name: "staging-1" }] });
  for (const method of [ACQUIRE, "LockService/Check"])
    expect(JSON.parse(await ask(method, { environment: "stagin-1" }))).toMatchObject({
      code: "not_found",
      message: expect.stringContaining('did you mean "staging-1"?'),
    });
  expect(await ask(ACQUIRE, { environment: "staging-1" })).toContain("LEASE_STATE_HELD");
});

test("nothing of this was an unforeseen error", () => {
  expect(server.complaints).toEqual([]);
});
