// Check and watches of what a selector matches, also while labels change.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, refusal } from "./clients.ts";
import { CurlLines } from "./curl.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

async function configure(pool: string, labelled: Readonly<Record<string, Record<string, string>>>): Promise<void> {
  const environments = Object.entries(labelled).map(([name, labels]) => ({ name, pool, labels }));
  await clients.environments.applyEnvironments({ environments });
}

/** What a message tells of its environments: their names, and what is particular. */
function told({ environments }: Pick<WatchEnvironmentResponse, "environments">): string {
  return environments.map(({ name, left, deleted }) => `${name}${left ? " left" : ""}${deleted ? " deleted" : ""}`).join(", ");
}

describe("Check by selector", () => {
  test("tells of what matches, with its labels, and whether one of it is free", async () => {
    await configure("checked", { "c-1": { tier: "uat", gpu: "" }, "c-2": { tier: "uat" }, "c-3": { tier: "dev" } });
    await clients.locks.acquire({ environment: "c-1" });
    const { environments, available } = await clients.locks.check({ pool: "checked", selector: "tier=uat" });
    expect(environments).toMatchObject([
      { name: "c-1", labels: { tier: "uat", gpu: "" }, available: false },
      { name: "c-2", labels: { tier: "uat" }, available: true },
    ]);
    expect(available).toBe(true);
    expect(await clients.locks.check({ pool: "checked", selector: "gpu" })).toMatchObject({ available: false });
    expect(await clients.locks.check({ pool: "checked", selector: "tier=prod" })).toMatchObject({ available: false, environments: [] });
  });

  test("is in the pool default unless another is named, and passes over what nobody has configured", async () => {
    await configure("default", { "d-1": {}, "d-2": { tier: "uat" } });
    await clients.locks.acquire({ environment: "made-on-demand" });
    expect(told(await clients.locks.check({ selector: "!tier" }))).toBe("d-1");
  });

  test("tells who is next also where that waits by selector, whoever asked before", async () => {
    await configure("next", { "x-1": { tier: "uat" }, "x-2": { tier: "uat" } });
    for (const environment of ["x-1", "x-2"]) await clients.locks.acquire({ environment });
    const next = async () => {
      const statuses = [
        ...(await clients.locks.check({ pool: "next" })).environments,
        ...(await clients.locks.check({ environment: "x-1" })).environments,
      ];
      return statuses.map((status) => status.next?.holder?.name);
    };
    expect(await next()).toEqual([undefined, undefined, undefined]);
    const { lease } = await clients.locks.acquire({ pool: "next", needs: [{ selector: "tier" }], holder: { name: "checkout" } });
    expect(await next()).toEqual(["checkout", "checkout", "checkout"]);
    await clients.locks.release({ leaseId: lease?.id ?? "" });
    expect(await next()).toEqual([undefined, undefined, undefined]);
  });

  test("says what is wrong with it", async () => {
    const { rawMessage } = await failureOf(clients.locks.check({ environment: "e", selector: "tier" }));
    expect(rawMessage).toBe("selector: is given beside environment; give one of the two");
    expect((await failureOf(clients.locks.check({ selector: "tier=(" }))).rawMessage).toMatch(/^selector: "tier=\(" is no selector: /);
    expect(await refusal(clients.locks.check({ pool: "nowhere", selector: "tier" }))).toBe("not_found POOL_NOT_FOUND");
  });
});

describe("a watch by selector", () => {
  test("tells of what matches, of what joins it, and of what leaves it", async () => {
    await configure("followed", { "f-1": { tier: "uat" }, "f-2": { tier: "dev" } });
    const watch = clients.locks.watchEnvironment({ pool: "followed", selector: "tier=uat" })[Symbol.asyncIterator]();
    const next = async () => (await watch.next()).value as WatchEnvironmentResponse;
    expect(told(await next())).toBe("f-1");
    await clients.locks.acquire({ environment: "f-2" });
    const { leaseId } = { leaseId: leaseIn(await clients.locks.acquire({ environment: "f-1" })).id };
    expect(await next()).toMatchObject({ kind: WatchKind.CHANGE, cause: { leaseId }, environments: [{ name: "f-1", used: 1 }] });
    await configure("followed", { "f-2": { tier: "uat" } });
    expect(await next()).toMatchObject({ environments: [{ name: "f-2", used: 1, labels: { tier: "uat" }, left: false }] });
    await configure("followed", { "f-1": { tier: "qa" } });
    const left = await next();
    expect(left).toMatchObject({ environments: [{ name: "f-1", labels: { tier: "qa" }, left: true }] });
    // What has left is heard of no more.
    await clients.locks.release({ leaseId });
    await configure("followed", { "f-3": { tier: "uat" } });
    expect(told(await next())).toBe("f-3");
    await clients.environments.deleteEnvironment({ environment: "f-3" });
    expect(told(await next())).toBe("f-3 deleted");
    const again = clients.locks.watchEnvironment({ pool: "followed", selector: "tier=uat", sinceRevision: left.revision - 1n });
    const missed: string[] = [];
    for await (const message of again) if (missed.push(told(message)) === 3) break;
    expect(missed).toEqual(["f-1 left", "f-3", "f-3 deleted"]);
    await watch.return?.();
  });

  test("of two names that one lease has, it tells of the one that is selected", async () => {
    await configure("pair", { "p-1": { tier: "uat" }, "p-2": { tier: "dev" } });
    const watches = ["tier=uat", "tier=dev", "tier"].map((selector) =>
      clients.locks.watchEnvironment({ pool: "pair", selector })[Symbol.asyncIterator](),
    );
    for (const watch of watches) await watch.next();
    await clients.locks.acquire({ needs: [{ environment: "p-1" }, { environment: "p-2" }] });
    const changes = await Promise.all(watches.map(async (watch) => told((await watch.next()).value as WatchEnvironmentResponse)));
    expect(changes).toEqual(["p-1", "p-2", "p-1, p-2"]);
    for (const watch of watches) await watch.return?.();
  });

  test("tells nobody that one has left whom nobody could select before", async () => {
    await clients.locks.acquire({ environment: "on-demand" });
    const watch = clients.locks.watchEnvironment({ selector: "!zone" })[Symbol.asyncIterator]();
    await watch.next();
    await configure("default", { "on-demand": { zone: "a" } });
    await configure("default", { "on-purpose": {} });
    expect(told((await watch.next()).value as WatchEnvironmentResponse)).toBe("on-purpose");
    await watch.return?.();
  });

  test("is there for curl, too", async () => {
    await configure("curled", { "u-1": { tier: "uat" } });
    const url = `${server.url}/watch?pool=curled&selector=tier%3Duat`;
    await using lines = new CurlLines(["-H", `x-api-key: ${server.key}`, url]);
    expect(await lines.next()).toMatchObject({ environments: [{ name: "u-1", labels: { tier: "uat" } }] });
    await configure("curled", { "u-1": {} });
    expect(await lines.next()).toMatchObject({ kind: "WATCH_KIND_CHANGE", environments: [{ name: "u-1", left: true }] });
  });
});

describe("a lease_token", () => {
  test("opens what its lease was granted by selector, but no selection", async () => {
    await configure("opened", { "t-1": { tier: "uat" } });
    const request = { pool: "opened", needs: [{ selector: "tier=uat" }] };
    const [holder, waiter] = [await clients.locks.acquire(request), await clients.locks.acquire(request)];
    const { locks } = clientsOf({ url: server.url, key: holder.leaseToken });
    expect(told(await locks.check({ environment: "t-1" }))).toBe("t-1");
    for (const selector of ["tier=uat", "tier"]) {
      expect(await refusal(locks.check({ selector }))).toBe("permission_denied TOKEN_TOO_NARROW");
      expect(await refusal(locks.check({ pool: "opened", selector }))).toBe("permission_denied TOKEN_TOO_NARROW");
      const watch = locks.watchEnvironment({ selector })[Symbol.asyncIterator]();
      expect(await refusal(watch.next())).toBe("permission_denied TOKEN_TOO_NARROW");
    }
    const waiting = clientsOf({ url: server.url, key: waiter.leaseToken }).locks;
    const { rawMessage } = await failureOf(waiting.check({ environment: "t-1" }));
    expect(rawMessage).toBe("this lease_token is for what its lease will be granted; use an API key");
    await locks.release({ leaseId: leaseIn(holder).id });
    await waiting.getLease({ leaseId: leaseIn(waiter).id });
    expect(told(await waiting.check({ environment: "t-1" }))).toBe("t-1");
  });
});
