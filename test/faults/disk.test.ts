import { rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf, leaseIn, refusal, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
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
      const waiting = clients.locks.acquire({ environment: "first", requestId: "second", wait: seconds(60) });
      const answers = await Promise.all(names.map((name) => refusal(take(clients, name))));
      expect(answers).toContain("unavailable OUTCOME_UNKNOWN");
      expect(new Set(answers.map((answer) => answer.split(" ")[0]))).toEqual(new Set(["unavailable"]));
      await waiting.catch(() => undefined);
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
});

test("a full disk: what needs it is refused, the rest goes on, and all is well when there is space again", {
  timeout: 40_000,
}, async (context) => {
  const disk = smallDisk("6m");
  if (disk === undefined) {
    console.warn("test/faults: the full disk was NOT TESTED: this user may not mount a small one");
    return context.skip();
  }
  await using server = await Server.start({ CALL_ME_STORE: `sqlite:${path.join(disk, "call-me.db")}` });
  const clients = clientsOf(server, "gRPC");
  const { locks } = clients;
  const known = new Map<string, Answer>([["uat", await take(clients, "uat")]]);
  const leaseId = leaseIn(await take(clients, "uat")).id;
  const stop = new AbortController();
  const watch = locks.watchEnvironment({ environment: "uat" }, { signal: stop.signal })[Symbol.asyncIterator]();
  await watch.next();

  const filler = path.join(disk, "filler");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  const { answers, failed } = await takeUntilItFails(clients, "more");
  for (const [name, answer] of answers) known.set(name, answer);
  expect(await refusal(take(clients, "late"))).toBe("unavailable STORAGE_FULL");
  expect(await refusal(locks.release({ leaseId }))).toBe("unavailable STORAGE_FULL");
  const probe = async (probed: string) => (await fetch(`${server.url}/${probed}`)).status;
  expect([await probe("readyz"), await probe("healthz")]).toEqual([503, 200]);
  expect(server.log.flatMap(({ level, msg }) => (level >= 50 ? msg : []))).toEqual(["the store failed; not ready until it works again"]);
  expect(leaseIn(await locks.getLease({ leaseId })).state).toBe(LeaseState.HELD);
  expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ used: 1 }]);
  expect((await held(clients)).toSorted()).toEqual([...known.keys()].toSorted());

  rmSync(filler);
  for (const name of [...failed, "late"]) known.set(name, await take(clients, name));
  await locks.release({ leaseId });
  known.delete("uat");
  expect(await watch.next()).toMatchObject({ value: { kind: WatchKind.CHANGE, cause: { leaseId, state: LeaseState.ENDED } } });
  stop.abort();
  await eventually(async () => (await probe("readyz")) === 200);
  await server.kill9();
  await server.restart();
  for (const [name, answer] of known) expect(identity(await take(clients, name))).toEqual(identity(answer));
  expect((await held(clients)).toSorted()).toEqual([...known.keys()].toSorted());
});
