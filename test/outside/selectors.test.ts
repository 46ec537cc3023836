// Environments by their labels: what rule 1 of docs/contract.md says of selectors.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, type Lease, LeaseState, LeaseStateSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, ownerOf, refusal } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** Configures environments of a pool, with the labels that a text such as `tier=uat gpu=` says. */
async function configure(pool: string, labelled: Readonly<Record<string, string>>, more: { capacity?: number } = {}): Promise<void> {
  const environments = Object.entries(labelled).map(([name, text]) => {
    const labels = Object.fromEntries(
      text
        .split(" ")
        .filter(Boolean)
        .map((label) => label.split("=") as [string, string]),
    );
    return { name, pool, labels, ...more };
  });
  await clients.environments.applyEnvironments({ environments });
}

async function setState(environment: string, state: EnvironmentState): Promise<void> {
  await clients.environments.setEnvironmentState({ environment, state });
}

/** Asks by selectors and names: `tier=uat`, or `#name`. */
async function ask(pool: string, ...wanted: string[]): Promise<Lease> {
  const needs = wanted.map((text) => (text.startsWith("#") ? { environment: text.slice(1) } : { selector: text }));
  return leaseIn(await clients.locks.acquire({ pool, needs }));
}

/** A lease as it is; looking by its token is a sign of life. */
async function look(lease: Lease): Promise<Lease> {
  return leaseIn(await ownerOf(server, lease).getLease({ leaseId: lease.id }));
}

/** Waits for the next change of a lease's state. */
async function change(lease: Lease): Promise<Lease> {
  return leaseIn(await ownerOf(server, lease).getLease({ leaseId: lease.id, wait: { seconds: 60n, nanos: 0 } }));
}

function on({ state, environments }: Lease): string {
  return [LeaseStateSchema.value[state]?.localName, ...environments.map(({ name }) => name)].join(" ");
}

describe("an Acquire by selector", () => {
  test("takes what is free of those that match; the next waits, and gets the first that comes to be", async () => {
    const pool = "three";
    await configure(pool, { "t-1": "tier=uat", "t-2": "tier=uat", "t-3": "tier=uat", "t-4": "tier=dev" });
    await setState("t-1", EnvironmentState.MAINTENANCE);
    await clients.locks.acquire({ environment: "t-2" });
    expect(on(await ask(pool, "tier=uat"))).toBe("HELD t-3");
    const [next, last] = [await ask(pool, "tier=uat"), await ask(pool, "tier=uat")];
    expect([on(next), on(last)]).toEqual(["QUEUED", "QUEUED"]);
    const served = change(next);
    await setState("t-1", EnvironmentState.AVAILABLE);
    expect(on(await served)).toBe("HELD t-1");
    const woken = change(last);
    await configure(pool, { "t-4": "tier=uat" });
    expect(on(await woken)).toBe("HELD t-4");
  });

  test("shows what was asked for, and what was granted", async () => {
    await configure("shown", { "s-1": "gpu=a100 os=linux", "s-2": "gpu=h100" }, { capacity: 4 });
    const needs = [{ selector: 'gpu in ( a100,h100 ), os!="win 11"', count: 2, slots: 3 }];
    const held = leaseIn(await clients.locks.acquire({ pool: "shown", needs }));
    expect(held).toMatchObject({
      needs: [{ environment: "", selector: 'gpu in (a100,h100),os!="win 11"', count: 2, slots: 3 }],
      environments: [
        { name: "s-1", slots: 3, slotIndexes: [0, 1, 2] },
        { name: "s-2", slots: 3, slotIndexes: [0, 1, 2] },
      ],
    });
    const waiting = leaseIn(await clients.locks.acquire({ pool: "shown", needs: [{ environment: "s-2", slots: 2 }, ...needs] }));
    expect(waiting).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.UNSATISFIABLE, environments: [{ name: "s-2" }] });
    const named = leaseIn(await clients.locks.acquire({ needs: [{ environment: "s-1" }] }));
    expect(named.needs).toEqual([]);
  });

  test("mixes names and selectors, in the pool of those named", async () => {
    await configure("mixed", { "m-1": "kind=board", "m-2": "kind=board", "m-3": "" });
    const needs = [{ environment: "m-2" }, { selector: "kind" }];
    const lease = leaseIn(await clients.locks.acquire({ needs }));
    expect([on(lease), lease.pool]).toEqual(["HELD m-2 m-1", "mixed"]);
    await clients.locks.release({ leaseId: lease.id });
    const twice = await ask("mixed", "kind=board", "kind");
    expect(on(twice)).toMatch(/^HELD m-[12] m-[12]$/);
  });

  test("is UNSATISFIABLE at once where nothing matches, with why, and leaves nothing", async () => {
    await configure("none", { "n-1": "tier=uat" });
    const lease = await ask("none", "tier=prod");
    expect(lease).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.UNSATISFIABLE, environments: [] });
    expect(lease.endNote).toBe("in pool none, tier=prod matches 0 environments with 1 slot, fewer than the 1 asked for");
    expect(await refusal(clients.locks.getLease({ leaseId: lease.id }))).toBe("not_found LEASE_NOT_FOUND");
    const request = { pool: "none", needs: [{ selector: "tier", count: 2 }], ifBusy: IfBusy.FAIL };
    expect(await refusal(clients.locks.acquire(request))).toBe("failed_precondition UNSATISFIABLE");
  });

  test("ends when a change of configuration leaves nothing that matches", async () => {
    await configure("shrinks", { "k-1": "tier=uat" });
    await ask("shrinks", "tier=uat");
    const waiting = await ask("shrinks", "tier=uat");
    const ended = change(waiting);
    await configure("shrinks", { "k-1": "tier=dev" });
    expect(await ended).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.UNSATISFIABLE, environments: [] });
    expect((await ended).endNote).toBe("in pool shrinks, tier=uat matches 0 environments with 1 slot, fewer than the 1 asked for");
  });

  test("that does not wait is told who has what it wants", async () => {
    await configure("busy", { "b-1": "tier=uat" });
    await clients.locks.acquire({ environment: "b-1", holder: { name: "checkout #7" } });
    const error = await failureOf(clients.locks.acquire({ pool: "busy", needs: [{ selector: "tier=uat" }], ifBusy: IfBusy.FAIL }));
    expect(error.rawMessage).toBe("b-1 is held by checkout #7; nothing is left in line");
  });

  test("of overlapping ones all are granted that can be", async () => {
    await configure("overlap", { "o-1": "tier=uat gpu=1", "o-2": "tier=uat" });
    expect(on(await ask("overlap", "tier=uat", "gpu"))).toBe("HELD o-2 o-1");
  });

  test("leaves what others want by name, and what is free", async () => {
    await configure("fair", { x: "kind=x", y: "kind=y", w: "kind=w" });
    const holder = await ask("fair", "#x");
    const m = await ask("fair", "kind=x", "kind=y");
    const n = await ask("fair", "kind=y");
    expect([on(m), on(n), on(await ask("fair", "kind=w"))]).toEqual(["QUEUED", "QUEUED", "HELD w"]);
    await clients.locks.release({ leaseId: holder.id });
    expect([on(await look(m)), on(await look(n))]).toEqual(["HELD x y", "QUEUED"]);
  });

  test("keeps nobody waiting while what it wants is out of service", async () => {
    await configure("idle", { "i-x": "kind=x", "i-y": "kind=y" });
    await setState("i-x", EnvironmentState.MAINTENANCE);
    const m = await ask("idle", "kind=x", "kind=y");
    expect(on(m)).toBe("QUEUED");
    expect(on(await ask("idle", "kind=y"))).toBe("HELD i-y");
  });

  test("with its request_id gives the same lease, however its selector is written", async () => {
    await configure("again", { "a-1": "tier=uat", "a-2": "tier=uat" });
    const request = (selector: string, more = {}) => ({ pool: "again", requestId: "again", needs: [{ selector, ...more }] });
    const { id } = leaseIn(await clients.locks.acquire(request("tier=uat")));
    expect(leaseIn(await clients.locks.acquire(request(" tier == uat", { count: 1 }))).id).toBe(id);
    expect(await refusal(clients.locks.acquire(request("tier!=dev")))).toBe("already_exists IDEMPOTENCY_MISMATCH");
  });

  test("survives a restart with what it asked for and what it has", async () => {
    await configure("lasting", { "l-1": "tier=uat" });
    const [held, waiting] = [await ask("lasting", "tier=uat"), await ask("lasting", "tier in (uat,qa)")];
    await server.kill9();
    await server.restart();
    expect(await look(held)).toMatchObject({ needs: held.needs, environments: held.environments });
    expect(await look(waiting)).toMatchObject({ needs: [{ selector: "tier in (uat,qa)", count: 1, slots: 1 }], environments: [] });
    await clients.locks.release({ leaseId: held.id });
    expect(on(await look(waiting))).toBe("HELD l-1");
  });
});

describe("what is wrong with a request by selector is told by its field", () => {
  const many = (count: number, of: (index: number) => string) => Array.from({ length: count }, (_, index) => of(index)).join(",");
  test.each<[words: string, needs: object[], says: string | RegExp]>([
    [
      "no selector",
      [{ selector: "tier=uat,,x" }],
      /^needs\[0\]\.selector: "tier=uat,,x" is no selector: "," stands where a label's name is expected, at character 10; write it like tier=uat,region in \(eu,us\),!gpu$/,
    ],
    [
      "both",
      [{ environment: "e" }, { environment: "f", selector: "x" }],
      "needs[1].selector: is given beside environment; give one of the two",
    ],
    [
      "neither",
      [{ count: 2 }],
      "needs[0].environment: is missing; name an environment, or select some by their labels in needs[0].selector",
    ],
    ["too many", [{ selector: "x", count: 33 }], "needs[0].count: 33 is out of range; give 1 to 32"],
    [
      "too many in all",
      [
        { selector: "x", count: 20 },
        { selector: "x", count: 13 },
      ],
      "needs: ask for 33 environments; at most 32 are allowed",
    ],
    ["too many slots", [{ selector: "x", slots: 10_001 }], "needs[0].slots: 10001 is out of range; give 1 to 10000"],
    [
      "too many requirements",
      [{ selector: many(17, (index) => `k${index}`) }],
      "needs[0].selector: has 17 requirements; at most 16 are allowed",
    ],
    ["too many values", [{ selector: `k in (${many(65, String)})` }], 'needs[0].selector: has 65 values for "k"; at most 64 are allowed'],
    ["too long", [{ selector: "k".repeat(2_049) }], "needs[0].selector: has 2049 characters; at most 2048 are allowed"],
    ["what no label has", [{ selector: '"\\u202e"' }], 'needs[0].selector: "\\u202e" has control or bidirectional characters; remove them'],
  ])("%s", async (_, needs, says) => {
    const error = await failureOf(clients.locks.acquire({ needs }));
    expect(error.rawMessage).toEqual(typeof says === "string" ? says : expect.stringMatching(says));
  });
});

test("every label that Apply takes can be selected", async () => {
  const labels = { plain: "uat", "with space": 'quo"te, (and) more', "ключ/имя": "", "!": "=", "\\": '\\"', in: "notin" };
  await clients.environments.applyEnvironments({ environments: [{ name: "odd", pool: "odd", labels }] });
  for (const [key, value] of Object.entries(labels)) {
    const lease = await ask("odd", `${JSON.stringify(key)}=${JSON.stringify(value)}`);
    expect(on(lease)).toBe("HELD odd");
    await clients.locks.release({ leaseId: lease.id });
  }
});
