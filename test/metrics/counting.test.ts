// What is counted, and told, while environments come and go.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Apply } from "../../src/core/command.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { acquireCommand } from "../core/world.ts";
import { SlowDisk, stage } from "../engine/stage.ts";
import { config, release } from "../store/fixtures.ts";
import { Scrape, sourcesOf } from "./scrape.ts";

afterEach(() => vi.restoreAllMocks());

const by = { principal: "admin" };

/** A server's engine with its metrics, where `most` environments have series of their own. */
async function counted(most: number) {
  const metrics = new Metrics(most, "1.2.3");
  const { engine } = await stage(new SlowDisk(), metrics);
  metrics.begin(sourcesOf(engine.views));
  let leases = 0;
  return {
    metrics,
    scrape: async () => new Scrape(Buffer.concat(await metrics.text(undefined)).toString()),
    /** Somebody takes it and gives it back. */
    use: async (environment: string, pool = "default") => {
      const lease = `lease-${++leases}`;
      await engine.submit(pool, acquireCommand(lease, environment));
      await engine.submit(pool, release(lease));
    },
    delete: (environment: string, pool = "default") => engine.submit(pool, { type: "delete", by, environment }),
    /** Room is needed: so many idle ones are forgotten. */
    forget: (count: number) => engine.submit("default", { type: "forget", count }),
    configure: (pool: string, ...names: string[]) => {
      const environments = names.map((name) => config(name, pool, 1));
      return engine.submit(pool, { type: "apply", by, environments, prune: false } satisfies Apply);
    },
  };
}

const places = ({ samples }: Scrape) =>
  new Set(samples.flatMap(({ labels: { environment, pool } }) => (environment ? `${pool}:${environment}` : [])));

/** What sum by (pool) of a series comes to. */
const inPool = (scrape: Scrape, name: string, labels: Record<string, string>) =>
  scrape.all(name, labels).reduce((sum, { value }) => sum + value, 0);

describe("while a scrape is made", () => {
  test("what is deleted meanwhile gets no series again, and what moves to another pool keeps those that it has there", async () => {
    const server = await counted(100);
    const names = Array.from({ length: 20 }, (_, n) => `churn-${n}`);
    for (const name of names) await server.use(name);
    const begun = Promise.withResolvers<void>();
    let time = performance.now();
    let looks = 0;
    // Every step is the last one of its slice, so that others have their turn in between.
    vi.spyOn(performance, "now").mockImplementation(() => {
      if (++looks === 5) begun.resolve();
      time += 10;
      return time;
    });
    const making = server.scrape();
    await begun.promise;
    await Promise.all(names.map((name) => server.delete(name)));
    await Promise.all(names.slice(0, 5).map((name) => server.use(name, "another")));
    await making;
    vi.restoreAllMocks();
    const now = await server.scrape();
    expect(places(now)).toEqual(new Set(names.slice(0, 5).map((name) => `another:${name}`)));
    for (const environment of names.slice(0, 5)) expect(now.value("callme_grants_total", { environment, purpose: "use" })).toBe(1);
  });
});

describe("a sum over a pool", () => {
  test("has what has happened on environments that are forgotten before a scrape has told of it", async () => {
    const server = await counted(2);
    await server.use("first");
    await server.use("second");
    await server.scrape();
    await server.use("first");
    const before = await server.scrape();
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < 3; n++) await server.use(`round-${round}-${n}`);
      await server.use("first");
      await server.forget(4);
    }
    const after = await server.scrape();
    // Those that were told of end with their series, and a monitoring system has seen them.
    const seen = inPool(before, "callme_grants_total", { pool: "default", purpose: "use" });
    expect(seen).toBe(3);
    expect(inPool(after, "callme_grants_total", { pool: "default", environment: "", purpose: "use" })).toBe(40);
    expect(inPool(after, "callme_lease_ended_total", { pool: "default", environment: "", reason: "RELEASED" })).toBe(40);
    for (const name of ["callme_wait_seconds_count", "callme_hold_seconds_count"])
      expect(inPool(after, name, { pool: "default", environment: "" })).toBe(40);
  });

  test("has what has happened on an environment that no scrape has ever seen", async () => {
    const server = await counted(10);
    await server.use("brief");
    await server.delete("brief");
    const now = await server.scrape();
    expect(places(now)).toEqual(new Set());
    expect(inPool(now, "callme_grants_total", { pool: "default", purpose: "use" })).toBe(1);
  });
});

describe("room", () => {
  test("is made for what is configured by what was made on demand, at the next scrape", async () => {
    const server = await counted(2);
    for (const name of ["made-1", "made-2"]) await server.use(name);
    expect(places(await server.scrape())).toEqual(new Set(["default:made-1", "default:made-2"]));
    await server.use("made-1");
    await server.configure("default", "set-1");
    expect(places(await server.scrape())).toEqual(new Set(["default:set-1", "default:made-2"]));
    await server.configure("default", "set-2", "set-3");
    const now = await server.scrape();
    expect(places(now)).toEqual(new Set(["default:set-1", "default:set-2"]));
    expect(now.all("callme_slots", { state: "free" }).reduce((sum, { value }) => sum + value, 0)).toBe(5);
    // Told twice of made-1, and once when it had no series of its own any more.
    expect(now.value("callme_grants_total", { environment: "", purpose: "use" })).toBe(1);
  });

  test("of a pool that is no more is free once a scrape has told all of it", async () => {
    const server = await counted(0);
    await server.configure("brief", "one");
    await server.use("one", "brief");
    await server.delete("one", "brief");
    expect((await server.scrape()).value("callme_grants_total", { pool: "brief", purpose: "use" })).toBe(1);
    expect((await server.scrape()).samples.filter(({ labels }) => labels["pool"] === "brief")).toEqual([]);
  });
});

test("the series of a new environment begin at zero, waits and holds too", async () => {
  const server = await counted(10);
  await server.configure("default", "new");
  const now = await server.scrape();
  for (const name of ["callme_wait_seconds_count", "callme_hold_seconds_count", "callme_wait_seconds_sum"])
    expect(now.value(name, { environment: "new" })).toBe(0);
  expect(now.all("callme_hold_seconds_bucket", { environment: "new" })).toHaveLength(14);
});

test("a commit that fails is counted, and not as one that took so long", async () => {
  const store = new SlowDisk();
  const metrics = new Metrics(1, "1.2.3");
  const { engine } = await stage(store, metrics);
  const counts = async () => {
    const now = new Scrape(Buffer.concat(await metrics.text(undefined)).toString());
    return [now.value("callme_commit_duration_seconds_count"), now.value("callme_commits_failed_total")] as const;
  };
  await engine.submit("default", acquireCommand("a", "uat"));
  const [stored, failed] = await counts();
  expect(failed).toBe(0);
  const hangs = store.hang();
  const refused = expect(engine.submit("default", acquireCommand("b", "uat"))).rejects.toThrow("disk");
  await hangs;
  store.fail();
  await refused;
  expect(await counts()).toEqual([stored, 1]);
});
