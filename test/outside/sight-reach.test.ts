// How far a prune reaches, and what Check and GET /maybe promise, by what the caller may do.
import { expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, keyFor, leaseIn, refusal } from "./clients.ts";
import { Server } from "./server.ts";

test("a prune takes only what its caller administers, tells of nothing else, and of a pool's settings only with all of the pool", async () => {
  await using server = await Server.start();
  const admin = clientsOf(server);
  const environments = [
    ...["red-1", "red-2", "blue-1"].map((name) => ({ name })),
    ...["red-b", "blue-b"].map((name) => ({ name, pool: "boards" })),
    { name: "lab-1", pool: "lab" },
    { name: "gold-1", pool: "vault" },
  ];
  const pools = ["default", "boards", "lab", "vault"].map((name) => ({ name, maxQueue: 5 }));
  await admin.environments.applyEnvironments({ environments, pools });
  const held = leaseIn(await admin.locks.acquire({ environment: "blue-1" }));
  const hers = await keyFor(server, [{ role: Role.ADMIN, patterns: ["red-*", "lab:*"] }]);
  const prune = (dryRun: boolean) =>
    hers.environments.applyEnvironments({ environments: [{ name: "red-1", description: "kept" }], prune: true, dryRun });
  const left = async () => {
    const { environments: all, pools: configured } = await admin.environments.listEnvironments({});
    return [all.map(({ name }) => name), configured.map(({ name }) => name)];
  };
  const before = await left();
  for (const dryRun of [true, false]) {
    const answer = await prune(dryRun);
    expect(answer.changes.map(({ name }) => name)).toEqual(["lab-1", "red-1", "red-2", "red-b"]);
    expect(answer.pools.map(({ name }) => name)).toEqual(["lab"]);
    if (dryRun) expect(await left()).toEqual(before);
  }
  expect(await left()).toEqual([
    ["blue-1", "blue-b", "gold-1", "red-1"],
    ["boards", "default", "vault"],
  ]);
  expect(await refusal(hers.environments.applyEnvironments({ pools: [{ name: "default", maxQueue: 1 }] }))).toBe(
    "permission_denied NOT_ALLOWED",
  );
  expect(leaseIn(await admin.locks.getLease({ leaseId: held.id })).state).toBe(LeaseState.HELD);
});

test("at its own max_leases nothing is available to a caller that would count there, as an Acquire and a POST would find", async () => {
  await using server = await Server.start();
  await clientsOf(server).environments.applyEnvironments({ environments: ["few-1", "few-2", "free-1"].map((name) => ({ name })) });
  const team = await keyFor(server, [
    { role: Role.USE, patterns: ["few-*"], maxLeases: 1 },
    { role: Role.USE, patterns: ["free-*"] },
  ]);
  const maybe = async (method: string, environment: string, key = team.secret) =>
    (await fetch(`${server.url}/maybe?environment=${environment}`, { method, headers: { "x-api-key": key } })).status;
  const available = async (clients: typeof team) =>
    (await clients.locks.check({ pool: "default" })).environments.filter((one) => one.available).map(({ name }) => name);
  const viewer = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]);
  expect(await available(team)).toEqual(["few-1", "few-2", "free-1"]);
  expect(await maybe("GET", "few-2")).toBe(200);
  const lease = leaseIn(await team.locks.acquire({ environment: "few-1" }));
  expect(await available(team)).toEqual(["free-1"]);
  expect(await available(viewer)).toEqual(["few-2", "free-1"]);
  expect((await team.locks.check({ environment: "few-2" })).available).toBe(false);
  expect((await viewer.locks.check({ environment: "few-2" })).available).toBe(true);
  expect(await refusal(team.locks.acquire({ environment: "few-2" }))).toBe("resource_exhausted QUOTA_REACHED");
  expect([await maybe("GET", "few-2"), await maybe("POST", "few-2"), await maybe("GET", "free-1")]).toEqual([403, 503, 200]);
  expect(await maybe("GET", "few-new")).toBe(403);
  await team.locks.release({ leaseId: lease.id });
  expect(await maybe("GET", "few-2")).toBe(200);
  expect(await maybe("POST", "few-2")).toBe(201);
});
