import { statSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf, leaseIn, ownerOf, refusal, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { ERRORS, Server } from "../outside/server.ts";
import { fill } from "../store/disk.ts";
import { smallDisk } from "../store/places.ts";
import { canTrace, meddleWithSyncs, untraced } from "./trace.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

type Answer = Awaited<ReturnType<Clients["locks"]["acquire"]>>;

/** Asks for an environment of its own, under a request_id of the same name. */
function take({ locks }: Clients, name: string): Promise<Answer> {
  return locks.acquire({ environment: name, requestId: name });
}

/** What must be the same in every answer to one request_id. */
function identity(answer: Answer): unknown {
  const { id, state, requestId } = leaseIn(answer);
  return { id, state, requestId, leaseToken: answer.leaseToken, fence: fenceOf(leaseIn(answer)) };
}

async function held({ environments }: Clients): Promise<string[]> {
  const { leases } = await environments.listLeases({ pageSize: 1_000 });
  return leases.map(({ requestId }) => requestId);
}

/** Four callers that take one after another until a call fails; what they were answered by name, and the names that failed. */
async function takeUntilItFails(clients: Clients, prefix: string): Promise<{ answers: Map<string, Answer>; failed: string[] }> {
  const answers = new Map<string, Answer>();
  const failed: string[] = [];
  const caller = async (_: unknown, number: number) => {
    for (let turn = 0; ; turn++) {
      const name = `${prefix}-${number}-${turn}`;
      const answer = await take(clients, name).catch(() => failed.push(name));
      if (typeof answer === "number") return;
      answers.set(name, answer);
    }
  };
  await Promise.all(Array.from({ length: 4 }, caller));
  return { answers, failed };
}

describe.skipIf(!canTrace)(`a disk that fails${untraced}`, () => {
  test("killed at an fsync, whichever: what was answered stands, what was not is done once by a retry", async () => {
    await using server = await Server.start();
    const clients = clientsOf(server);
    const wanted: string[] = [];
    for (const nth of [1, 2, 3, 7]) {
      await using _ = await meddleWithSyncs(server.pid, `signal=SIGKILL:when=${nth}`);
      const exited = server.exited();
      const { answers, failed } = await takeUntilItFails(clients, `${nth}`);
      expect(await exited).toBe(null);
      await server.restart();
      wanted.push(...answers.keys());
      expect(await held(clients)).toEqual(expect.arrayContaining(wanted));
      for (const [name, answer] of answers) expect(identity(await take(clients, name))).toEqual(identity(answer));
      for (const name of failed) expect(leaseIn(await take(clients, name)).state).toBe(LeaseState.HELD);
      wanted.push(...failed);
      expect((await held(clients)).toSorted()).toEqual(wanted.toSorted());
    }
  });

  test("an fsync that fails: who waits for it hears OUTCOME_UNKNOWN, the server ends with 74, a retry finds out", async () => {
    await using server = await Server.start();
    const clients = clientsOf(server, "gRPC");
    const first = await take(clients, "first");
    const queued = leaseIn(await clients.locks.acquire({ environment: "first", requestId: "second" }));
    const exited = server.exited();
    {
      await using _ = await meddleWithSyncs(server.pid, "error=EIO:when=1");
      const names = ["a", "b", "c"];
      const waiting = clients.locks.acquire({ environment: "first", requestId: "second", wait: seconds(60) }).catch(() => undefined);
      const answers = await Promise.all(names.map((name) => refusal(take(clients, name))));
      expect(answers).toContain("unavailable OUTCOME_UNKNOWN");
      expect(new Set(answers.map((answer) => answer.split(" ")[0]))).toEqual(new Set(["unavailable"]));
      await waiting;
      expect(await exited).toBe(74);
    }
    expect(server.log.at(-1)?.msg).toMatch("the outcome of a commit is unknown");
    await server.restart();
    expect(identity(await take(clients, "first"))).toEqual(identity(first));
    const again = leaseIn(await clients.locks.acquire({ environment: "first", requestId: "second" }));
    expect(again).toMatchObject({ id: queued.id, state: LeaseState.QUEUED, position: 1 });
    for (const name of ["a", "b", "c"]) expect(leaseIn(await take(clients, name)).state).toBe(LeaseState.HELD);
    expect((await held(clients)).toSorted()).toEqual(["a", "b", "c", "first", "second"]);
  });

  test("a write that hangs for seconds: no lease ends meanwhile, and the log says when time stood still, and for how long", async () => {
    await using server = await Server.start();
    const { locks } = clientsOf(server, "gRPC");
    const leaseId = leaseIn(await locks.acquire({ environment: "uat", ttl: seconds(2) })).id;
    {
      await using _ = await meddleWithSyncs(server.pid, "delay_exit=5000000:when=1");
      await locks.renew({ leaseId });
    }
    expect(leaseIn(await locks.renew({ leaseId })).state).toBe(LeaseState.HELD);
    const told = () => server.log.filter(({ msg }) => msg.startsWith("time "));
    await eventually(() => told().length === 2);
    expect(told().map(({ msg }) => msg)).toEqual([
      "time stands still, because the disk does not take what is written: no lease ends meanwhile",
      "time goes on; leases are extended by as long as it stood still",
    ]);
    expect(told()[1]?.["seconds"]).toBeGreaterThan(4);
  });

  test("a write that hangs keeps nobody waiting who only reads: Check, GetLease, also of a lease that has just ended, lists of live leases, and watches", async () => {
    await using server = await Server.start();
    const { locks, environments } = clientsOf(server, "gRPC");
    const environment = "uat";
    const held = leaseIn(await locks.acquire({ environment, ttl: seconds(30) }));
    const ended = leaseIn(await locks.acquire({ environment: "other" }));
    await locks.release({ leaseId: ended.id });
    await using _ = await meddleWithSyncs(server.pid, "delay_exit=8000000:when=1");
    const renewed = { already: false };
    const renewing = locks.renew({ leaseId: held.id }).then(() => {
      renewed.already = true;
    });
    await eventually(() => server.log.some(({ msg }) => msg.startsWith("time stands still")));
    expect((await locks.check({ environment })).environments[0]?.used).toBe(1);
    expect((await locks.checkFence({ environment, fencingToken: held.environments[0]?.fencingToken ?? 0n })).valid).toBe(true);
    for (const { id } of [held, ended]) expect(leaseIn(await locks.getLease({ leaseId: id })).id).toBe(id);
    expect((await environments.listLeases({ filter: { environment } })).leases.map(({ id }) => id)).toEqual([held.id]);
    for await (const told of locks.watchEnvironment({ environment })) {
      expect(told.environments[0]?.used).toBe(1);
      break;
    }
    for await (const { lease } of locks.watchLease({ leaseId: ended.id })) expect(lease?.state).toBe(LeaseState.ENDED);
    expect(renewed.already).toBe(false);
    await renewing;
  });
});

/** A server on a small disk of its own, whose reserve is made; undefined, and told, where none can be mounted. */
async function onSmallDisk(size: string): Promise<{ server: Server; disk: string } | undefined> {
  const disk = smallDisk(size);
  if (disk === undefined) {
    console.warn("test/faults: the full disk was NOT TESTED: this user may not mount a small one");
    return undefined;
  }
  const file = path.join(disk, "call-me.db");
  const server = await Server.start({ CALL_ME_STORE: `sqlite:${file}` });
  await eventually(() => (statSync(`${file}-reserve`, { throwIfNoEntry: false })?.size ?? 0) > 0);
  return { server, disk };
}

async function statusOf(server: Server, probed: string): Promise<number> {
  return (await fetch(`${server.url}/${probed}`)).status;
}

/** Lets so much time go by. */
async function passes(time: number): Promise<void> {
  const since = performance.now();
  await eventually(() => performance.now() - since > time * 1_000);
}

test("a full disk: nothing can be taken, what gives back or keeps is done, and all is well when there is space again", async (context) => {
  const found = await onSmallDisk("8m");
  if (found === undefined) return context.skip();
  await using server = found.server;
  const clients = clientsOf(server, "gRPC");
  const { locks, environments, insight } = clients;
  const known = new Map<string, Answer>();
  for (const name of ["uat", "kept", "forced"]) known.set(name, await take(clients, name));
  const idOf = (name: string) => leaseIn(known.get(name) ?? ({} as Answer)).id;
  const waiter = leaseIn(await locks.acquire({ environment: "uat", requestId: "waiter" }));
  const stop = new AbortController();
  const watch = locks.watchEnvironment({ environment: "uat" }, { signal: stop.signal })[Symbol.asyncIterator]();
  await watch.next();

  const free = fill(found.disk);
  const { answers, failed } = await takeUntilItFails(clients, "more");
  for (const [name, answer] of answers) known.set(name, answer);
  // By rule: also where there is room in the reserve, also for what was answered before.
  for (const name of ["late", "later", "uat"]) expect(await refusal(take(clients, name))).toBe("unavailable STORAGE_FULL");
  expect(await refusal(environments.applyEnvironments({ environments: [{ name: "new" }] }))).toBe("unavailable STORAGE_FULL");
  expect((await locks.check({ environment: "free" })).environments).toMatchObject([{ name: "free", available: false }]);
  expect((await fetch(`${server.url}/maybe?environment=free`, { headers: { "x-api-key": server.key } })).status).toBe(403);
  expect(await Promise.all(["readyz", "healthz"].map((probed) => statusOf(server, probed)))).toEqual([503, 200]);
  // Whether the history meets the full disk as well depends on when it follows.
  const errors = server.log.flatMap(({ level, msg }) => (ERRORS.includes(level) && !msg.includes("the history") ? msg : []));
  expect(errors).toEqual(["the disk is full: nothing can be taken, releases and renewals are written to the reserve; free some space"]);
  expect(leaseIn(await locks.renew({ leaseId: idOf("kept") })).state).toBe(LeaseState.HELD);
  await locks.release({ leaseId: idOf("uat") });
  expect(await watch.next()).toMatchObject({ value: { kind: WatchKind.CHANGE, cause: { leaseId: idOf("uat"), state: LeaseState.ENDED } } });
  expect(leaseIn(await ownerOf(server, waiter, "gRPC").getLease({ leaseId: waiter.id })).state).toBe(LeaseState.HELD);
  const forced = idOf("forced");
  await environments.forceRelease({ leaseId: forced, reason: "in the way" });
  for (const name of ["uat", "forced"]) known.delete(name);
  // Not all of it could be told.
  for (const told of [insight.listEvents({}), insight.getStats({})]) expect(await refusal(told)).toBe("unavailable STORAGE_FULL");
  expect((await held(clients)).toSorted()).toEqual([...known.keys(), "waiter"].toSorted());
  expect(await statusOf(server, "readyz")).toBe(503);

  free();
  await eventually(async () => (await statusOf(server, "readyz")) === 200);
  const { events } = await insight.listEvents({ filter: { leaseId: forced } });
  expect(events.map(({ reason }) => reason)).toEqual(["in the way", ""]);
  for (const name of [...failed, "late"]) known.set(name, await take(clients, name));
  stop.abort();
  expect(server.log.map(({ msg }) => msg)).toContain("the store works again; ready");
  await server.kill9();
  await server.restart();
  for (const [name, answer] of known) expect(identity(await take(clients, name))).toEqual(identity(answer));
  expect((await held(clients)).toSorted()).toEqual([...known.keys(), "waiter"].toSorted());
});

test("a disk that is full for longer than a ttl ends no lease, and whoever comes back finds theirs", async (context) => {
  const found = await onSmallDisk("8m");
  if (found === undefined) return context.skip();
  await using server = found.server;
  const clients = clientsOf(server, "gRPC");
  const ids: string[] = [];
  for (const environment of ["a", "b"]) ids.push(leaseIn(await clients.locks.acquire({ environment, ttl: seconds(2) })).id);
  const renew = () => Promise.all(ids.map((leaseId) => clients.locks.renew({ leaseId })));
  await renew();
  const free = fill(found.disk);
  await takeUntilItFails(clients, "more");
  await passes(5);
  const states = async () =>
    (await Promise.all(ids.map((leaseId) => clients.locks.getLease({ leaseId })))).map((answer) => leaseIn(answer).state);
  expect(await states()).toEqual([LeaseState.HELD, LeaseState.HELD]);
  expect(server.log.map(({ msg }) => msg)).toContain(
    "time stands still, because the disk does not take what is written: no lease ends meanwhile",
  );
  free();
  await eventually(async () => (await statusOf(server, "readyz")) === 200);
  // As long as a holder takes who was told to come back in 5 s.
  await passes(5);
  for (const answer of await renew()) expect(leaseIn(answer).state).toBe(LeaseState.HELD);
  // Then nobody renews, and time goes on.
  await eventually(async () => (await states()).every((state) => state === LeaseState.ENDED), 20_000);
  expect(server.log.filter(({ msg }) => msg.startsWith("time goes on"))).toHaveLength(1);
});
