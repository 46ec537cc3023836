// What somebody tries who may do a little, or nothing, and wants more.
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { IfBusy, Supersede } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ahead, type Clients, clientsOf, failureOf, keyFor, leaseIn, ownerOf, refusal, seconds, tokenOf } from "./clients.ts";
import { Server } from "./server.ts";

const SECRET = { CALL_ME_SECRET_OF_B: "for the holders of b alone" };

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start(SECRET);
  admin = clientsOf(server);
  const variables = { PASSWORD: { fromEnv: "CALL_ME_SECRET_OF_B", secret: true } };
  const environments = [
    { name: "a-1", pool: "a" },
    { name: "b-1", pool: "b", variables },
  ];
  await admin.environments.applyEnvironments({ environments });
});
afterAll(() => server[Symbol.asyncDispose]());

const on = (role: Role, ...patterns: string[]) => keyFor(server, [{ role, patterns }]);

/** What a server answers to these bytes: status and body. */
async function answerTo(lines: readonly string[], body = ""): Promise<{ status: number; body: string }> {
  const socket = connect(server.port, "127.0.0.1");
  socket.end([...lines, "host: x", "connection: close", `content-length: ${body.length}`, "", body].join("\r\n"));
  const [head = "", ...rest] = (await text(socket)).split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body: rest.join("\r\n\r\n") };
}

/** Whether anybody has an environment. */
async function isTaken(environment: string): Promise<boolean> {
  return (await admin.locks.check({ environment })).environments[0]?.used !== 0;
}

describe("no other way of writing a path", () => {
  const ACQUIRE = "/callme.v1.LockService/Acquire";
  const PATHS = [
    ...[`/${ACQUIRE}`, "/callme.v1.LockService//Acquire", `/.${ACQUIRE}`, `/x/..${ACQUIRE}`, `/healthz/..${ACQUIRE}`, `${ACQUIRE}/`],
    ...[
      `${ACQUIRE};x`,
      `${ACQUIRE}%20`,
      "/callme.v1.LockService/%41cquire",
      "/callme%2ev1.LockService/Acquire",
      "/callme.v1.LockService/acquire",
    ],
    ...[
      ACQUIRE,
      `${ACQUIRE}?x-api-key=KEY`,
      `http://x${ACQUIRE}`,
      ACQUIRE.slice(1),
      "/./maybe?environment=path",
      "//maybe?environment=path",
    ],
    ...["/maybe/?environment=path", "/openapi.json/../maybe?environment=path", "/healthz/../maybe?environment=path&x-api-key=KEY"],
  ];

  test.each(PATHS)("takes anything without a key, or with one that only looks: %s", async (path) => {
    const { secret } = await on(Role.VIEW, "*");
    const whole = path.replace("KEY", server.key);
    for (const key of [[], [`x-api-key: ${secret}`]]) {
      const { status } = await answerTo([`POST ${whole} HTTP/1.1`, ...key, "content-type: application/json"], '{"environment":"path"}');
      expect([400, 401, 403, 404]).toContain(status);
    }
    expect(await isTaken("path")).toBe(false);
  });

  test("nor of a method: what only looks cannot be made to take", async () => {
    const { secret } = await on(Role.VIEW, "*");
    const tricks = ["x-http-method-override: POST", "x-http-method: POST", "x-method-override: POST"];
    const look = await answerTo(["GET /maybe?environment=method&_method=POST HTTP/1.1", `x-api-key: ${secret}`, ...tricks]);
    expect(look.status).toBe(200);
    const message = encodeURIComponent('{"environment":"method"}');
    const acquire = `/callme.v1.LockService/Acquire?connect=v1&encoding=json&message=${message}`;
    expect((await answerTo([`GET ${acquire} HTTP/1.1`, `x-api-key: ${server.key}`])).status).toBe(405);
    expect(await isTaken("method")).toBe(false);
  });
});

describe("of several keys in one request", () => {
  test.each<[string, (key: string) => string[], number]>([
    ["two x-api-key headers, the first one good", (key) => [`x-api-key: ${key}`, "x-api-key: x"], 401],
    ["two x-api-key headers, the second one good", (key) => ["x-api-key: x", `x-api-key: ${key}`], 401],
    ["an empty one beside a good one", (key) => ["x-api-key:", `x-api-key: ${key}`], 401],
    ["a good bearer token beside a wrong x-api-key", (key) => ["x-api-key: x", `authorization: Bearer ${key}`], 401],
    ["a second bearer token", (key) => ["authorization: Bearer x", `authorization: Bearer ${key}`], 401],
    ["another scheme", (key) => [`authorization: Basic ${Buffer.from(`key:${key}`).toString("base64")}`], 401],
    ["another name", (key) => [`x_api_key: ${key}`, `cookie: x-api-key=${key}`], 401],
    ["odd letters and spaces, which mean nothing", (key) => [`X-Api-KEY: \t${key}  `], 200],
  ])("%s", async (_, headers, status) => {
    const lines = ["POST /callme.v1.AccessService/WhoAmI HTTP/1.1", ...headers(server.key), "content-type: application/json"];
    expect((await answerTo(lines, "{}")).status).toBe(status);
  });

  test("over HTTP/2 it is the same", async () => {
    const session = connectHttp2(server.url);
    for (const keys of [
      ["x", server.key],
      [server.key, "x"],
    ]) {
      const stream = session.request({ ":method": "GET", ":path": "/maybe?environment=x", "x-api-key": keys });
      const { ":status": status } = await new Promise<IncomingHttpHeaders>((resolve) => stream.once("response", resolve));
      expect(status).toBe(401);
    }
    session.close();
  });
});

describe("who may do something in one pool", () => {
  test("gets nothing of another, not by its name, nor by a new one there, nor beside something allowed", async () => {
    const { locks } = await on(Role.USE, "a:*");
    for (const request of [
      { environment: "b-1" },
      { environment: "b-1", pool: "a" },
      { environment: "new" },
      { environment: "new", pool: "b" },
      { needs: [{ environment: "a-1" }, { environment: "b-1" }] },
      { needs: [{ selector: "!x" }], pool: "b" },
    ])
      expect(await refusal(locks.acquire(request))).toBe("permission_denied NOT_ALLOWED");
    expect(leaseIn(await locks.acquire({ needs: [{ environment: "a-1" }, { environment: "a-new" }] })).pool).toBe("a");
  });

  test("configures nothing of another, and moves nothing there or here", async () => {
    const { environments } = await on(Role.ADMIN, "a:*");
    for (const request of [
      { environments: [{ name: "b-1", pool: "a" }] },
      { environments: [{ name: "a-1", pool: "b" }] },
      { environments: [{ name: "new" }] },
      { pools: [{ name: "b" }] },
    ])
      expect(await refusal(environments.applyEnvironments(request))).toBe("permission_denied NOT_ALLOWED");
    expect((await admin.environments.getEnvironment({ environment: "b-1" })).environment?.pool).toBe("b");
  });

  test("has no secret of the server told to its own holders, unless that is configured there", async () => {
    const { environments } = await on(Role.ADMIN, "a:*", "c:*");
    const variables = { MINE: { fromEnv: "CALL_ME_SECRET_OF_B", secret: true } };
    for (const mine of [{ variables }, { capacity: 1, slotVariables: [{ variables }] }]) {
      const error = await failureOf(environments.applyEnvironments({ environments: [{ name: "a-2", pool: "a", ...mine }] }));
      expect(error.rawMessage).toMatch(
        /has no ROLE_ADMIN on everything, which it takes to have CALL_ME_SECRET_OF_B told to the holders of "a-2"/,
      );
    }
    await admin.environments.applyEnvironments({ environments: [{ name: "c-1", pool: "c", variables }] });
    const again = { environments: [{ name: "c-1", pool: "c", variables, description: "changed" }] };
    expect((await environments.applyEnvironments(again)).changes).toMatchObject([{ name: "c-1", fields: ["description"] }]);
  });
});

describe("what somebody else has", () => {
  test("is not met by the same request_id or supersede_key", async () => {
    const [one, other] = [await on(Role.USE, "same"), await on(Role.USE, "same")];
    const request = { environment: "same", requestId: "same", supersedeKey: "same", supersede: Supersede.HELD };
    const held = leaseIn(await one.locks.acquire(request));
    const waiting = leaseIn(await other.locks.acquire(request));
    expect([held.state, waiting.state]).toEqual([LeaseState.HELD, LeaseState.QUEUED]);
    expect(leaseIn(await admin.locks.getLease({ leaseId: held.id })).cancelRequested).toBeUndefined();
    expect(await refusal(other.locks.release({ environment: "same" }))).toBe("permission_denied NOT_YOURS");
  });

  test("is not told to the bearer of a lease_token who tries to give it back by name, nor whether it is there", async () => {
    const { locks } = await on(Role.USE, "told-*");
    const own = ownerOf(server, leaseIn(await locks.acquire({ environment: "told-own" })));
    await admin.locks.acquire({ environment: "told-other", holder: { name: "a person" } });
    const tell = async (environment: string) => (await failureOf(own.release({ environment }))).rawMessage.replace(environment, "X");
    const [taken, missing] = [await tell("told-other"), await tell("told-nowhere")];
    expect(taken).toMatch(/^lease \S+, whose lease_token this is, is not on "X"/);
    expect(missing).toBe(taken);
  });
});

describe("a key that is revoked", () => {
  test("gets nothing that it was waiting to clean", async () => {
    await admin.environments.applyEnvironments({ environments: [{ name: "yard-1", pool: "yard" }] });
    const { id, secret } = await on(Role.CLEAN, "yard:*");
    const cleaner = clientsOf({ url: server.url, key: secret }, "gRPC");
    const waits = refusal(cleaner.environments.acquireForCleaning({ pool: "yard", wait: seconds(50) }));
    // Sent behind it on the same connection.
    await cleaner.access.whoAmI({});
    await admin.access.revokeKey({ id });
    await admin.environments.setEnvironmentState({ environment: "yard-1", state: EnvironmentState.DIRTY });
    expect(await waits).toMatch(/^not_found NOTHING_DIRTY|^unauthenticated WRONG_KEY/);
    expect((await admin.locks.check({ environment: "yard-1" })).environments[0]?.state).toBe(EnvironmentState.DIRTY);
  });

  test("takes nothing by a request of which only the body comes later", async () => {
    const { id, secret } = await on(Role.USE, "*");
    const body = '{"environment":"mid-upload"}';
    const socket = connect(server.port, "127.0.0.1");
    const head = [`x-api-key: ${secret}`, "content-type: application/json", "expect: 100-continue", `content-length: ${body.length}`];
    socket.write(["POST /callme.v1.LockService/Acquire HTTP/1.1", "host: x", "connection: close", ...head, "", ""].join("\r\n"));
    // Who is asked to go on has been let in.
    await new Promise((resolve) => socket.once("data", resolve));
    await admin.access.revokeKey({ id });
    socket.end(body);
    expect(await text(socket)).toMatch(/WRONG_KEY/);
    expect(await isTaken("mid-upload")).toBe(false);
  });
});

test("who operates a part of what a lease is on does not end all of it", async () => {
  const { id: leaseId } = leaseIn(await admin.locks.acquire({ needs: [{ environment: "part-1" }, { environment: "rest-1" }] }));
  const { environments } = await on(Role.OPERATE, "part-*");
  expect(await refusal(environments.forceRelease({ leaseId, reason: "mine" }))).toBe("permission_denied NOT_ALLOWED");
  expect(leaseIn(await admin.locks.getLease({ leaseId })).state).toBe(LeaseState.HELD);
});

describe("the end of a lease that was not reserved", () => {
  test("is not set by its lease_token, where its key may not", async () => {
    const { locks } = await on(Role.USE, "ends-*");
    const lease = leaseIn(await locks.acquire({ environment: "ends-1" }));
    const { locks: own } = clientsOf({ url: server.url, key: tokenOf(lease) });
    expect(await refusal(own.renew({ leaseId: lease.id, notAfter: ahead(600) }))).toBe("permission_denied TOKEN_TOO_NARROW");
    const reserver = await on(Role.RESERVE, "ends-*");
    const reserved = leaseIn(await reserver.locks.acquire({ environment: "ends-2", notAfter: ahead(300) }));
    const renewed = leaseIn(await ownerOf(server, reserved).renew({ leaseId: reserved.id, notAfter: ahead(600) }));
    expect(renewed.notAfter?.seconds).toBeGreaterThan(reserved.notAfter?.seconds ?? 0n);
  });
});

describe("who holds what a caller does not see", () => {
  test("is not told where a selector finds all that he may use taken", async () => {
    const labels = { kind: "shared" };
    const names = ["seen-1", "unseen-1"];
    await admin.environments.applyEnvironments({ environments: names.map((name) => ({ name, pool: "mixed", labels })) });
    for (const environment of names) await admin.locks.acquire({ environment, holder: { name: `who has ${environment}` } });
    const { locks } = await on(Role.USE, "mixed:seen-*");
    const asked = { needs: [{ selector: "kind=shared" }], pool: "mixed" };
    const waits = leaseIn(await locks.acquire({ ...asked, requestId: "waits" }));
    const told = [
      await failureOf(locks.acquire({ ...asked, ifBusy: IfBusy.FAIL })).then(({ rawMessage, details }) => [rawMessage, details]),
      waits,
      await locks.getLease({ leaseId: waits.id }),
      await ownerOf(server, waits).getLease({ leaseId: waits.id }),
      await ownerOf(server, waits).renew({ leaseId: waits.id }),
      await locks.check({ pool: "mixed" }),
    ].map((answer) => JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
    for (const answer of told) {
      expect(answer).toContain("who has seen-1");
      expect(answer).not.toContain("unseen-1");
    }
  });
});
