// Whatever somebody is granted, every method shows exactly what a filter shows that is written down as the contract says it.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Event, EventKind, GroupBy } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { type Lease, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, type Grants, keyFor, leaseIn, refusal } from "./clients.ts";
import { Server } from "./server.ts";

const RUNS = Number(process.env["RUNS"] ?? 40);
const POOLS = ["default", "boards", "b/2"];
const NAMES = ["a", "a-1", "a-2", "a/1", "a/b/1", "b-1", "b/1", "ab", "a--1", "A-1", "b", "b-22"];
const FLEET = NAMES.map((name, nth) => ({ name, pool: POOLS[nth % 3] ?? "", labels: { half: nth < 6 ? "x" : "y" } }));
const STATES = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD, LeaseState.ENDED];

let server: Server;
let admin: Clients;
let leases: Lease[];
let events: Event[];

beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
  await admin.environments.applyEnvironments({
    environments: [...FLEET, { name: "gone", pool: "boards" }],
    pools: POOLS.map((name) => ({ name })),
  });
  await admin.environments.deleteEnvironment({ environment: "gone" });
  const ticketTtl = { seconds: 3_600n, nanos: 0 };
  const asked = async (requestId: string, pool: string, needs: object[]) =>
    leaseIn(await admin.locks.acquire({ pool, needs, requestId, ticketTtl, holder: { repository: requestId } }));
  for (const { name, pool } of FLEET.filter((_, nth) => nth % 2 === 0)) {
    const { id } = await asked(`first on ${name}`, pool, [{ environment: name }]);
    if (name.length > 2) await admin.locks.release({ leaseId: id });
  }
  for (const pool of POOLS) {
    const [one = "", other = ""] = FLEET.filter((environment) => environment.pool === pool).map(({ name }) => name);
    await asked(`both in ${pool}`, pool, [{ environment: one }, { environment: other }]);
    for (const selector of ["half=x", "half=y", "!half"]) await asked(`${selector} in ${pool}`, pool, [{ selector, count: 2 }]);
    const left = await asked(`gone in ${pool}`, pool, [{ selector: "half=x", count: 2 }]);
    await admin.locks.release({ leaseId: left.id });
  }
  ({ leases } = await admin.environments.listLeases({ filter: { states: STATES }, pageSize: 1_000 }));
  ({ events } = await admin.insight.listEvents({ pageSize: 1_000 }));
});
afterAll(() => server[Symbol.asyncDispose]());

const glob = fc
  .array(fc.constantFrom("a", "b", "1", "2", "-", "/", "*", "?"), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(""))
  .filter((text) => !text.includes("**"));
const poolGlob = fc.constantFrom("", "", "default:", "boards:", "b*:", "*:", "?/2:", "b/2:", "none:");
const pattern = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(poolGlob, glob).map(([pool, name]) => pool + name) },
  { weight: 1, arbitrary: fc.constantFrom("default:*", "boards:*", "*", "*:*") },
);
const grants: fc.Arbitrary<Grants> = fc.array(
  fc.record({
    role: fc.constantFrom(Role.VIEW, Role.USE, Role.RESERVE, Role.OPERATE, Role.CLEAN, Role.ADMIN),
    patterns: fc.uniqueArray(pattern, { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 3 },
);

/** What the contract says of a pattern, as a regular expression. */
function fits(text: string, name: string): boolean {
  if (text === "*") return true;
  const parts = [...text].map((char) => (char === "*" ? "[^/]*" : char === "?" ? "[^/]" : char.replace(/[^\w]/, "\\$&")));
  return new RegExp(`^${parts.join("")}$`).test(name);
}

interface Eyes {
  environment(pool: string, name: string): boolean;
  pool(pool: string): boolean;
  /** Whether there could be anything in a pool that is seen. */
  any(pool: string): boolean;
  /** Whether a pattern names a pool, and no glob of one. */
  names(pool: string): boolean;
  readonly server: boolean;
}

function eyesOf(given: Grants): Eyes {
  const split = (text: string) => (text.includes(":") ? (text.split(/:(.*)/s).slice(0, 2) as [string, string]) : (["*", text] as const));
  const patterns = given.flatMap((grant) => (grant.patterns ?? []).map(split));
  const inPool = (pool: string) => patterns.filter(([of, name]) => fits(of, pool) || (of === "*" && name === "*"));
  return {
    environment: (pool, name) => inPool(pool).some(([, text]) => fits(text, name)),
    pool: (pool) => inPool(pool).some(([, name]) => name === "*"),
    any: (pool) => inPool(pool).length > 0,
    names: (pool) => patterns.some(([of]) => of === pool),
    server: given.some(({ role, patterns: texts = [] }) => role === Role.ADMIN && texts.some((text) => text === "*" || text === "*:*")),
  };
}

function seesLease(eyes: Eyes, { pool, state, environments, needs }: Lease): boolean {
  if (eyes.pool(pool) || environments.some(({ name }) => eyes.environment(pool, name))) return true;
  const selected = (selector: string) => FLEET.filter((one) => one.pool === pool && `half=${one.labels.half}` === selector);
  return state === LeaseState.QUEUED && needs.some(({ selector }) => selected(selector).some(({ name }) => eyes.environment(pool, name)));
}

function seesEvent(eyes: Eyes, { pool, environment }: Event): boolean {
  if (pool === "") return eyes.server;
  return environment === "" ? eyes.pool(pool) : eyes.environment(pool, environment);
}

/** All pages of a list; all but the last are full. */
async function pages<T>(size: number, page: (pageToken: string) => Promise<readonly [rows: readonly T[], next: string]>): Promise<T[]> {
  const all: T[] = [];
  for (let token = ""; ; ) {
    const [rows, next] = await page(token);
    all.push(...rows);
    if (next === "") return all;
    expect(rows).toHaveLength(size);
    token = next;
  }
}

/** All that a watch of everything begins with. */
async function watched({ locks }: Clients): Promise<string[]> {
  const names: string[] = [];
  for await (const { kind, environments } of locks.watchEnvironment({})) {
    if (kind === WatchKind.HEARTBEAT) break;
    names.push(...environments.map(({ name }) => name));
  }
  return names.sort();
}

/** What every method shows a caller. */
async function shown(clients: Clients, pageSize: number) {
  const { locks, environments, insight } = clients;
  const byPool = POOLS.map(async (pool) => {
    const selector = "half=x";
    const stream = locks.watchEnvironment({ pool })[Symbol.asyncIterator]();
    const [all, some, first] = await Promise.all(
      [locks.check({ pool }), locks.check({ pool, selector }), stream.next()].map((look) => look.catch(() => undefined)),
    );
    await stream.return?.();
    const told = first !== undefined && "value" in first ? first.value : undefined;
    return [all, some, told].map((answer) =>
      answer !== undefined && "environments" in answer ? answer.environments.map((one: { readonly name: string }) => one.name) : undefined,
    );
  });
  return {
    byPool: await Promise.all(byPool),
    watched: await watched(clients),
    got: await Promise.all(
      NAMES.map((environment) =>
        environments.getEnvironment({ environment }).then(
          () => "got",
          () => refusal(environments.getEnvironment({ environment })),
        ),
      ),
    ),
    listed: await pages(pageSize, async (pageToken) => {
      const answer = await environments.listEnvironments({ pageSize, pageToken });
      return [answer.environments.map(({ name }) => name), answer.nextPageToken];
    }),
    pools: (await environments.listEnvironments({})).pools.map(({ name }) => name),
    leases: await pages(pageSize, async (pageToken) => {
      const answer = await environments.listLeases({ filter: { states: STATES }, pageSize, pageToken });
      return [answer.leases.map((lease) => [lease.id, lease.environments.map(({ name }) => name)]), answer.nextPageToken];
    }),
    waiting: (await environments.listLeases({})).leases.map(({ id }) => id),
    events: await pages(pageSize, async (pageToken) => {
      const answer = await insight.listEvents({ pageSize, pageToken });
      return [answer.events.map(({ revision, environment }) => `${revision} ${environment}`), answer.nextPageToken];
    }),
    grants: (await insight.getStats({ groupBy: GroupBy.ENVIRONMENT })).rows.map(({ key, grants: count }) => `${key} ${count}`),
    repositories: (await insight.getStats({ groupBy: GroupBy.REPOSITORY })).rows.flatMap(({ key, grants: count }) =>
      count > 0n ? [`${key} ${count}`] : [],
    ),
  };
}

/** The same, as the contract says. */
function expected(eyes: Eyes): Omit<Awaited<ReturnType<typeof shown>>, "grants" | "repositories"> & { readonly repositories: string[] } {
  const seen = FLEET.filter(({ pool, name }) => eyes.environment(pool, name));
  const sorted = (names: readonly { readonly name: string }[]) => names.map(({ name }) => name).sort();
  const granted = events
    .filter((event) => event.kind === EventKind.GRANTED && seesEvent(eyes, event))
    .map(({ holder }) => holder?.repository ?? "");
  return {
    byPool: POOLS.map((pool) => {
      const inPool = seen.filter((one) => one.pool === pool);
      const isKnown = eyes.any(pool) && (pool === "default" || inPool.length > 0 || eyes.pool(pool) || eyes.names(pool));
      const all = isKnown ? sorted(inPool) : undefined;
      return [all, isKnown ? sorted(inPool.filter(({ labels }) => labels.half === "x")) : undefined, all];
    }),
    got: FLEET.map(({ pool, name }) => (eyes.environment(pool, name) ? "got" : "permission_denied NOT_ALLOWED")),
    listed: sorted(seen),
    watched: sorted(seen),
    pools: POOLS.filter((pool) => eyes.pool(pool) || seen.some((one) => one.pool === pool) || eyes.names(pool)).sort(),
    leases: leases
      .filter((lease) => seesLease(eyes, lease))
      .map((lease) => [lease.id, lease.environments.map(({ name }) => name).filter((name) => eyes.environment(lease.pool, name))]),
    waiting: leases.filter((lease) => lease.state !== LeaseState.ENDED && seesLease(eyes, lease)).map(({ id }) => id),
    events: events.filter((event) => seesEvent(eyes, event)).map(({ revision, environment }) => `${revision} ${environment}`),
    repositories: [...new Set(granted)].sort().map((key) => `${key} ${granted.filter((one) => one === key).length}`),
  };
}

test("every method shows what the patterns of a key fit, and nothing else, in full pages", { timeout: 30_000 + RUNS * 1_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(grants, fc.integer({ min: 1, max: 7 }), async (given, pageSize) => {
      const eyes = eyesOf(given);
      const { grants: counted, ...seen } = await shown(await keyFor(server, given), pageSize);
      expect({
        ...seen,
        events: seen.events.filter((event) => events.some(({ revision, environment }) => event === `${revision} ${environment}`)),
      }).toEqual(expected(eyes));
      const rows = (await admin.insight.getStats({ groupBy: GroupBy.ENVIRONMENT })).rows;
      const poolOf = (name: string) => FLEET.find((one) => one.name === name)?.pool ?? "boards";
      expect(counted).toEqual(
        rows.filter(({ key }) => eyes.environment(poolOf(key), key)).map(({ key, grants: count }) => `${key} ${count}`),
      );
    }),
    { numRuns: RUNS },
  );
});
