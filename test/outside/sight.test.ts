// What a caller sees: two teams and a dashboard, each of them exactly its own.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentState, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, keyFor, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

const BOARDS = { kind: "board" };
const FLEET = [
  ...["red-1", "red-2", "blue-1"].map((name) => ({ name })),
  ...["red-board", "blue-board"].map((name) => ({ name, pool: "boards", labels: BOARDS })),
  { name: "gold-1", pool: "vault", labels: BOARDS },
];

let server: Server;
let admin: Clients;
let red: Clients & { readonly id: string; readonly secret: string };
let blue: typeof red;
let dashboard: typeof red;

beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
  await admin.environments.applyEnvironments({ environments: FLEET, pools: [{ name: "boards", maxQueue: 5 }, { name: "vault" }] });
  red = await keyFor(server, [{ role: Role.USE, patterns: ["red-*"] }], "red");
  blue = await keyFor(server, [{ role: Role.USE, patterns: ["default:blue-*", "boards:blue-*"] }], "blue");
  dashboard = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }], "dashboard");
});
afterAll(() => server[Symbol.asyncDispose]());

function namesIn({ environments }: { readonly environments: readonly { readonly name: string }[] }): string[] {
  return environments.map(({ name }) => name);
}

/** The first messages of a watch, as many as are taken. */
async function* watched(clients: Clients, request: Parameters<Clients["locks"]["watchEnvironment"]>[0]) {
  const abort = new AbortController();
  try {
    for await (const told of clients.locks.watchEnvironment(request, { signal: abort.signal }))
      if (told.kind !== WatchKind.HEARTBEAT) yield told;
  } finally {
    abort.abort();
  }
}

/** The next message, whatever it is. */
async function next<T>(of: AsyncGenerator<T>): Promise<T> {
  const { done, value } = await of.next();
  if (done === true) throw new Error("the stream has ended");
  return value as T;
}

describe("a pool", () => {
  test("is to each caller what it sees of it, by Check, also by selector", async () => {
    const looks = async (clients: Clients, pool: string, selector = "") => namesIn(await clients.locks.check({ pool, selector }));
    expect(await looks(red, "default")).toEqual(["red-1", "red-2"]);
    expect(await looks(blue, "default")).toEqual(["blue-1"]);
    expect(await looks(dashboard, "default")).toEqual(["blue-1", "red-1", "red-2"]);
    expect(await looks(red, "boards", "kind=board")).toEqual(["red-board"]);
    expect(await looks(blue, "boards", "kind=board")).toEqual(["blue-board"]);
    expect(await looks(blue, "boards", "kind!=board")).toEqual([]);
  });

  test("of which nothing can be seen is refused; one where nothing is seen is as unknown as one that is not there", async () => {
    expect(await refusal(blue.locks.check({ pool: "vault" }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(blue.locks.check({ pool: "nowhere" }))).toBe("permission_denied NOT_ALLOWED");
    const [unseen, unknown] = [await failureOf(red.locks.check({ pool: "vault" })), await failureOf(red.locks.check({ pool: "vaults" }))];
    expect([unseen.rawMessage, unknown.rawMessage]).toEqual(['there is no pool "vault"', 'there is no pool "vaults"']);
    expect((await failureOf(dashboard.locks.check({ pool: "vaults" }))).rawMessage).toContain('did you mean "vault"');
    expect((await failureOf(red.locks.check({ pool: "board" }))).rawMessage).toContain('did you mean "boards"');
  });

  test.each(["", "kind=board"])("is watched as far as it is seen, by %j, through changes and its end", async (selector) => {
    const pool = "boards";
    const name = `red-extra${selector.length}`;
    const [hers, his] = [watched(red, { pool, selector }), watched(blue, { pool, selector })];
    expect(namesIn(await next(hers))).toEqual(["red-board"]);
    expect(namesIn(await next(his))).toEqual(["blue-board"]);
    await admin.environments.applyEnvironments({ environments: [{ name, pool, labels: BOARDS }] });
    await admin.environments.setEnvironmentState({ environment: name, state: EnvironmentState.DRAINING });
    await admin.environments.deleteEnvironment({ environment: name });
    const lease = leaseIn(await blue.locks.acquire({ environment: "blue-board", pool }));
    await blue.locks.release({ leaseId: lease.id });
    const told = [await next(hers), await next(hers), await next(hers)].flatMap(({ environments }) => environments);
    expect(told.map((one) => [one.name, one.state, one.deleted])).toEqual([
      [name, EnvironmentState.AVAILABLE, false],
      [name, EnvironmentState.DRAINING, false],
      [name, EnvironmentState.DRAINING, true],
    ]);
    const granted = await next(his);
    expect([granted.kind, namesIn(granted), granted.cause?.leaseId]).toEqual([WatchKind.CHANGE, ["blue-board"], lease.id]);
    expect((await next(his)).cause?.state).toBe(LeaseState.ENDED);
    await Promise.all([hers.return(undefined), his.return(undefined)]);
  });

  test("of which nothing may be cleaned is refused to a cleaner, and does not let it wait", async () => {
    const cleaner = await keyFor(server, [
      { role: Role.CLEAN, patterns: ["boards:red-*"] },
      { role: Role.VIEW, patterns: ["*"] },
    ]);
    expect(await refusal(cleaner.environments.acquireForCleaning({ pool: "vault", wait: seconds(50) }))).toBe(
      "permission_denied NOT_ALLOWED",
    );
    expect(await refusal(cleaner.environments.acquireForCleaning({ wait: seconds(50) }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(cleaner.environments.acquireForCleaning({ pool: "boards" }))).toBe("not_found NOTHING_DIRTY");
  });

  test("is watched alike by curl", async () => {
    const headers = { "x-api-key": red.secret };
    const { body } = await fetch(`${server.url}/watch?pool=default`, { headers });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    const line = (await reader?.read())?.value ?? "";
    await reader?.cancel();
    expect(namesIn(JSON.parse(line))).toEqual(["red-1", "red-2"]);
  });

  test("tells a change of several only with what is seen of it, and of waiting by selector only who sees all", async () => {
    await admin.environments.applyEnvironments({ environments: ["a", "b"].map((end) => ({ name: `duo-${end}`, pool: "duos" })) });
    const half = await keyFor(server, [{ role: Role.VIEW, patterns: ["duos:duo-a"] }]);
    const [hers, all] = [watched(half, { pool: "duos" }), watched(dashboard, { pool: "duos" })];
    expect([namesIn(await next(hers)), namesIn(await next(all))]).toEqual([["duo-a"], ["duo-a", "duo-b"]]);
    const both = { needs: [{ environment: "duo-a" }, { environment: "duo-b" }], pool: "duos" };
    const { id } = leaseIn(await admin.locks.acquire(both));
    const waits = leaseIn(await admin.locks.acquire({ needs: [{ selector: "!none" }], pool: "duos", requestId: "waits" }));
    await admin.locks.release({ leaseId: waits.id });
    await admin.locks.release({ leaseId: id });
    expect([await next(hers), await next(hers)].map((told) => [namesIn(told), told.cause?.leaseId])).toEqual([
      [["duo-a"], id],
      [["duo-a"], id],
    ]);
    expect([await next(all), await next(all), await next(all)].map((told) => told.cause?.leaseId)).toEqual([id, waits.id, waits.id]);
    await Promise.all([hers.return(undefined), all.return(undefined)]);
  });
});

describe("an environment", () => {
  test("that turns up in a pool which its reader does not see is told no more", async () => {
    const viewer = await keyFor(server, [{ role: Role.VIEW, patterns: ["default:moving"] }]);
    await admin.environments.applyEnvironments({ environments: [{ name: "moving" }] });
    const stream = watched(viewer, { environment: "moving" });
    await next(stream);
    await admin.environments.deleteEnvironment({ environment: "moving" });
    expect((await next(stream)).environments[0]?.deleted).toBe(true);
    await admin.environments.applyEnvironments({ environments: [{ name: "moving", pool: "vault" }] });
    expect(await refusal(next(stream))).toBe("permission_denied NOT_ALLOWED");
  });

  test("outside the patterns is answered for like one that does not exist, whatever is asked", async () => {
    const reason = "x";
    const asks: ((environment: string) => Promise<unknown>)[] = [
      (environment) => red.locks.check({ environment }),
      (environment) => red.locks.acquire({ environment }),
      (environment) => red.locks.acquire({ needs: [{ environment }, { environment: "red-1" }] }),
      (environment) => red.locks.release({ environment }),
      (environment) => red.locks.release({ environment, requestId: "r" }),
      (environment) => red.locks.checkFence({ environment }),
      (environment) => red.environments.getEnvironment({ environment }),
      (environment) => red.environments.listLeases({ filter: { environment } }),
      (environment) => red.environments.setEnvironmentState({ environment, reason }),
      (environment) => red.environments.deleteEnvironment({ environment }),
      (environment) => red.environments.applyEnvironments({ environments: [{ name: environment }] }),
      (environment) => red.environments.acquireForCleaning({ environment }),
      (environment) => watched(red, { environment }).next(),
    ];
    await admin.locks.acquire({ environment: "gold-1", holder: { name: "somebody" } });
    for (const ask of asks) {
      const [existing, unknown] = [await failureOf(ask("gold-1")), await failureOf(ask("gold-2"))];
      expect(existing.code).toBe(unknown.code);
      expect(existing.rawMessage).toBe(unknown.rawMessage.replaceAll("gold-2", "gold-1"));
    }
    const answer = async (environment: string) => {
      const of = await fetch(`${server.url}/maybe?environment=${environment}`, { headers: { "x-api-key": red.secret } });
      return [of.status, of.headers.get("x-call-me-holder"), await of.text()];
    };
    expect(await answer("gold-1")).toEqual(await answer("gold-2"));
  });

  test("is suggested for a misspelt one only to who sees it", async () => {
    const wide = await keyFor(server, [{ role: Role.ADMIN, patterns: ["r*", "gol-1"] }]);
    expect((await failureOf(wide.environments.getEnvironment({ environment: "gol-1" }))).rawMessage).toBe(
      'there is no environment "gol-1"',
    );
    expect((await failureOf(wide.environments.getEnvironment({ environment: "red-11" }))).rawMessage).toContain('did you mean "red-1"');
    expect((await wide.locks.check({ environment: "gol-1" })).misspellings).toEqual([]);
    expect((await admin.locks.check({ environment: "gol-1" })).misspellings).toMatchObject([{ didYouMean: ["gold-1"] }]);
    expect((await wide.locks.acquire({ environment: "gol-1", ttl: seconds(60) })).misspellings).toEqual([]);
    expect((await failureOf(wide.locks.acquire({ environment: "gol-1", ifBusy: 2 }))).rawMessage).not.toContain("gold-1");
    expect((await failureOf(wide.environments.deleteEnvironment({ environment: "red-11" }))).rawMessage).toContain("red-1");
  });
});
