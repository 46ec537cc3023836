// What a caller sees in lists, and of somebody else's lease.
import { describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ahead, type Clients, clientsOf, keyFor, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

/** All pages of a list, of two each: that all but the last are full is part of what is asked. */
async function pages<T>(
  page: (pageToken: string) => Promise<{ readonly rows: readonly T[]; readonly nextPageToken: string }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let token = ""; ; ) {
    const { rows, nextPageToken } = await page(token);
    all.push(...rows);
    if (nextPageToken === "") return all;
    expect(rows).toHaveLength(2);
    token = nextPageToken;
  }
}

async function listed(clients: Clients, pool = ""): Promise<string[]> {
  return await pages(async (pageToken) => {
    const { environments, nextPageToken } = await clients.environments.listEnvironments({ pool, pageSize: 2, pageToken });
    return { rows: environments.map(({ name }) => name), nextPageToken };
  });
}

type LeaseFilter = Parameters<Clients["environments"]["listLeases"]>[0]["filter"];

async function leasesOf(clients: Clients, filter: LeaseFilter = {}): Promise<Lease[]> {
  return await pages(async (pageToken) => {
    const { leases, nextPageToken } = await clients.environments.listLeases({ filter, pageSize: 2, pageToken });
    return { rows: leases, nextPageToken };
  });
}

const idsOf = (leases: readonly Lease[]) => leases.map(({ id }) => id);

describe("a list", () => {
  test("of environments, and of what is set for pools, has what its caller sees, in full pages", async () => {
    await using other = await Server.start();
    const names = Array.from({ length: 9 }, (_, nth) => `${nth % 3 === 0 ? "red" : "blue"}-${nth}`);
    const environments = [...names.map((name) => ({ name })), { name: "red-x", pool: "boards" }, { name: "gold", pool: "vault" }];
    const pools = ["boards", "vault", "empty"].map((name) => ({ name, maxQueue: 1 }));
    await clientsOf(other).environments.applyEnvironments({ environments, pools });
    const hers = await keyFor(other, [{ role: Role.VIEW, patterns: ["red-*"] }]);
    expect(await listed(hers)).toEqual(["red-0", "red-3", "red-6", "red-x"]);
    expect(await listed(hers, "default")).toEqual(["red-0", "red-3", "red-6"]);
    expect(await listed(hers, "vault")).toEqual([]);
    expect(await listed(clientsOf(other))).toHaveLength(11);
    const poolsOf = async (clients: Clients) => (await clients.environments.listEnvironments({})).pools.map(({ name }) => name);
    expect(await poolsOf(hers)).toEqual(["boards"]);
    expect(await poolsOf(await keyFor(other, [{ role: Role.VIEW, patterns: ["vault:gold", "empty:x"] }]))).toEqual(["empty", "vault"]);
    expect(await poolsOf(clientsOf(other))).toEqual(["boards", "empty", "vault"]);
    const narrow = await keyFor(other, [{ role: Role.VIEW, patterns: ["vault:*"] }]);
    expect(await refusal(narrow.environments.listEnvironments({ pool: "boards" }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(narrow.environments.listLeases({ filter: { pool: "boards" } }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(narrow.environments.listLeases({ filter: { selector: "a=b" } }))).toBe("permission_denied NOT_ALLOWED");
  });

  test("of leases has those on what its caller sees, its own, and those that wait by selector for what it sees", async () => {
    await using other = await Server.start();
    const root = clientsOf(other);
    const environments = ["red-1", "red-2", "blue-1", "blue-2"].map((name) => ({
      name,
      labels: { team: name.split("-")[0] ?? "", all: "" },
    }));
    await root.environments.applyEnvironments({ environments });
    const [hers, his] = [
      await keyFor(other, [{ role: Role.VIEW, patterns: ["red-*"] }]),
      await keyFor(other, [{ role: Role.USE, patterns: ["blue-*"] }]),
    ];
    const asked = (requestId: string, ...needs: object[]) => root.locks.acquire({ needs, requestId }).then(leaseIn);
    const both = await asked("both", { environment: "red-1" }, { environment: "blue-1" });
    const onRed = await asked("red", { environment: "red-2" });
    const onBlue = leaseIn(await his.locks.acquire({ environment: "blue-2" }));
    const forRed = await asked("for red", { selector: "team=red" });
    const forBlue = await asked("for blue", { selector: "team=blue" });
    const forAll = await asked("for all", { selector: "all" });
    expect(idsOf(await leasesOf(hers))).toEqual([both.id, onRed.id, forRed.id, forAll.id]);
    expect(idsOf(await leasesOf(his))).toEqual([both.id, onBlue.id, forBlue.id, forAll.id]);
    expect(idsOf(await leasesOf(root))).toHaveLength(6);
    expect(idsOf(await leasesOf(hers, { environment: "red-1" }))).toEqual([both.id, forRed.id, forAll.id]);
    expect(idsOf(await leasesOf(hers, { selector: "all" }))).toEqual([both.id, onRed.id, forRed.id, forAll.id]);
    expect(idsOf(await leasesOf(hers, { selector: "team=blue" }))).toEqual([]);
    const states = [LeaseState.HELD, LeaseState.ENDED];
    await root.locks.release({ leaseId: onRed.id });
    await his.locks.release({ leaseId: onBlue.id });
    expect(idsOf(await leasesOf(hers, { states, holder: "" }))).toEqual(expect.arrayContaining([both.id, onRed.id]));
    expect(idsOf(await leasesOf(hers, { states }))).not.toContain(onBlue.id);
    expect(idsOf(await leasesOf(his, { states }))).toContain(onBlue.id);
    expect(idsOf(await leasesOf(his, { states }))).not.toContain(onRed.id);
  });
});

describe("somebody else's lease", () => {
  test("is shown without what its onlooker does not see, in every answer", async () => {
    await using other = await Server.start();
    const root = clientsOf(other);
    await root.environments.applyEnvironments({ environments: [{ name: "red-1" }, { name: "blue-1" }] });
    const hers = await keyFor(other, [{ role: Role.OPERATE, patterns: ["red-*"] }]);
    const alone = leaseIn(await root.locks.acquire({ environment: "blue-1", holder: { name: "hidden holder" } }));
    const ahead = await root.locks.acquire({ environment: "blue-1", requestId: "ahead", holder: { name: "hidden waiter" } });
    const needs = [{ environment: "red-1" }, { environment: "blue-1" }];
    const { id } = leaseIn(await root.locks.acquire({ needs, requestId: "both" }));
    expect(leaseIn(await root.locks.getLease({ leaseId: id })).holders.map(({ leaseId }) => leaseId)).toEqual([alone.id]);
    const stream = hers.locks.watchLease({ leaseId: id })[Symbol.asyncIterator]();
    const seen = [
      leaseIn(await hers.locks.getLease({ leaseId: id })),
      ...(await leasesOf(hers)),
      leaseIn((await stream.next()).value ?? {}),
    ];
    await stream.return?.();
    expect(seen).toHaveLength(3);
    for (const lease of seen) {
      expect(lease).toMatchObject({ id, state: LeaseState.QUEUED, position: 2, environments: [{ name: "red-1" }], ahead: [], holders: [] });
      expect(JSON.stringify(lease, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toMatch(/blue|hidden/);
    }
    for (const call of [
      hers.locks.getLease({ leaseId: alone.id }),
      hers.locks
        .watchLease({ leaseId: leaseIn(ahead).id })
        [Symbol.asyncIterator]()
        .next(),
      hers.environments.forceRelease({ leaseId: id, reason: "x" }),
    ])
      expect(await refusal(call)).toBe("permission_denied NOT_ALLOWED");
    await root.environments.applyEnvironments({ environments: [{ name: "red-1" }], prune: false });
    await root.locks.release({ leaseId: leaseIn(ahead).id });
    await root.locks.release({ leaseId: alone.id });
    await root.environments.deleteEnvironment({ environment: "blue-1" }).catch(() => undefined);
    const ended = leaseIn(await hers.locks.getLease({ leaseId: id }));
    expect(JSON.stringify(ended.endNote)).not.toContain("blue");
  });

  test("is shown without what else it asks for, and without who has reserved that", async () => {
    await using other = await Server.start();
    const root = clientsOf(other);
    const environments = ["red-1", "red-2", "blue-1"].map((name) => ({ name, labels: { team: name.split("-")[0] ?? "" } }));
    await root.environments.applyEnvironments({ environments });
    const hers = await keyFor(other, [{ role: Role.VIEW, patterns: ["red-*"] }]);
    const needs = [{ environment: "blue-1" }, { selector: "team=red" }];
    const { id } = leaseIn(await root.locks.acquire({ needs, maxHold: seconds(3_600) }));
    await root.locks.acquire({ environment: "blue-1", notBefore: ahead(600), requestId: "later", holder: { name: "hidden" } });
    expect(leaseIn(await root.locks.getLease({ leaseId: id })).nextReservation?.holder?.name).toBe("hidden");
    const seen = leaseIn(await hers.locks.getLease({ leaseId: id }));
    expect(seen).toMatchObject({ environments: [{ name: "red-1" }], needs: [{ selector: "team=red" }] });
    expect(seen.nextReservation).toBeUndefined();
    await root.locks.acquire({ environment: "red-1", notBefore: ahead(900), requestId: "even later", holder: { name: "shown" } });
    const next = leaseIn(await root.locks.acquire({ environment: "red-2", maxHold: seconds(3_600) }));
    expect(leaseIn(await hers.locks.getLease({ leaseId: next.id })).environments).toMatchObject([{ name: "red-2" }]);
  });

  test("that waits by selector is followed until it is granted something that is not seen", async () => {
    await using other = await Server.start();
    const root = clientsOf(other);
    const environments = ["red-1", "blue-1"].map((name) => ({ name, labels: { kind: "x" } }));
    await root.environments.applyEnvironments({ environments });
    const hers = await keyFor(other, [{ role: Role.USE, patterns: ["red-*"] }]);
    await root.locks.acquire({ environment: "red-1" });
    const held = leaseIn(await root.locks.acquire({ environment: "blue-1" }));
    const waits = leaseIn(await root.locks.acquire({ needs: [{ selector: "kind=x" }], requestId: "waits", ticketTtl: seconds(600) }));
    const stream = hers.locks.watchLease({ leaseId: waits.id })[Symbol.asyncIterator]();
    expect(leaseIn((await stream.next()).value ?? {}).needs).toMatchObject([{ selector: "kind=x" }]);
    await root.locks.release({ leaseId: held.id });
    expect(await refusal(stream.next())).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(hers.locks.renew({ leaseId: waits.id }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(hers.locks.release({ leaseId: waits.id }))).toBe("permission_denied NOT_ALLOWED");
  });
});
