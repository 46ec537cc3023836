// A watch that names nothing: all that its caller sees.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import type { WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, keyFor, leaseIn, ownerOf, refusal, TRANSPORTS, type TransportName } from "./clients.ts";
import { Server } from "./server.ts";

const NAMES = Object.keys(TRANSPORTS) as TransportName[];

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
  const boards = ["red-board", "blue-board"].map((name) => ({ name, pool: "boards" }));
  await admin.environments.applyEnvironments({ environments: [{ name: "red-1" }, { name: "blue-1" }, ...boards] });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Begins; the names in its SNAPSHOT, and what comes behind the HEARTBEAT that follows. */
async function begin({ locks }: Pick<Clients, "locks">) {
  const messages = locks.watchEnvironment({})[Symbol.asyncIterator]();
  const next = async (): Promise<WatchEnvironmentResponse> => (await messages.next()).value ?? expect.unreachable("the watch has ended");
  const names: string[] = [];
  let told = await next();
  for (; told.kind === WatchKind.SNAPSHOT; told = await next()) names.push(...told.environments.map((status) => status.name));
  expect(told).toMatchObject({ kind: WatchKind.HEARTBEAT, revision: 0n });
  expect(Math.abs(Number(told.time?.seconds) - Date.now() / 1_000)).toBeLessThan(60);
  return { names: names.sort(), next, close: () => messages.return?.() };
}

test.each(NAMES)("over %s it tells what the caller sees in all pools, new ones included, and what becomes of it", async (over) => {
  const red = await keyFor(server, [{ role: Role.USE, patterns: ["red-*", "fresh:*"] }], "red", over);
  const watch = await begin(red);
  expect(watch.names).toEqual(["red-1", "red-board"]);
  await admin.locks.release({ leaseId: leaseIn(await admin.locks.acquire({ environment: "blue-1" })).id });
  const { id } = leaseIn(await admin.locks.acquire({ environment: "red-board" }));
  expect(await watch.next()).toMatchObject({
    kind: WatchKind.CHANGE,
    environments: [{ name: "red-board", used: 1 }],
    cause: { leaseId: id },
  });
  await admin.locks.release({ leaseId: id });
  expect(await watch.next()).toMatchObject({ environments: [{ name: "red-board", used: 0 }] });
  await admin.environments.applyEnvironments({ environments: [{ name: "one", pool: "fresh" }] });
  expect(await watch.next()).toMatchObject({ environments: [{ name: "one", pool: "fresh" }] });
  await admin.environments.deleteEnvironment({ environment: "one" });
  expect(await watch.next()).toMatchObject({ environments: [{ name: "one", deleted: true }] });
  await watch.close();
});

test("it ends when its key is revoked, and with DRAINING when the server stops", async () => {
  await using other = await Server.start();
  const { id, ...clients } = await keyFor(other, [{ role: Role.VIEW, patterns: ["*"] }]);
  const watches = [await begin(clients), await begin(clientsOf(other))];
  const ends = watches.map((watch) => refusal(watch.next()));
  await clientsOf(other).access.revokeKey({ id });
  expect(await ends[0]).toBe("unauthenticated WRONG_KEY");
  const stopped = other.stop();
  expect(await ends[1]).toBe("unavailable DRAINING");
  await stopped;
});

describe("it is refused", () => {
  test("with a cursor, which it has not", async () => {
    const watch = admin.locks.watchEnvironment({ sinceRevision: 5n })[Symbol.asyncIterator]();
    expect(await refusal(watch.next())).toBe("invalid_argument BAD_FIELD");
  });

  test("to a lease_token, by /watch too", async () => {
    const lease = leaseIn(await admin.locks.acquire({ environment: "held" }));
    const watch = ownerOf(server, lease).watchEnvironment({})[Symbol.asyncIterator]();
    expect(await refusal(watch.next())).toBe("permission_denied TOKEN_TOO_NARROW");
  });
});

test("GET /watch without parameters is the same, a line each", async () => {
  const leaving = new AbortController();
  const { body } = await fetch(`${server.url}/watch`, { headers: { "x-api-key": server.key }, signal: leaving.signal });
  const lines: string[] = [];
  let rest = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += chunk;
    lines.push(...rest.split("\n").slice(0, -1));
    rest = rest.slice(rest.lastIndexOf("\n") + 1);
    if (lines.length >= 2) break;
  }
  leaving.abort();
  const [snapshot, heartbeat] = lines.map((line) => JSON.parse(line) as { kind: string; environments?: { name: string }[]; time?: string });
  expect(snapshot?.environments?.map(({ name }) => name)).toEqual(expect.arrayContaining(["red-1", "red-board"]));
  expect(heartbeat).toMatchObject({ kind: "WATCH_KIND_HEARTBEAT", time: expect.stringMatching(/^20/) });
});
