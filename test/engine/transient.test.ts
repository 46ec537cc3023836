import { describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import type { StoredEnvironment } from "../../src/core/model/environment.ts";
import { acquireCommand } from "../core/world.ts";
import { config, START } from "../store/fixtures.ts";
import { SlowDisk, stage } from "./stage.ts";

const FAIL = { ifBusy: "FAIL", wait: 60_000_000 } as const;

describe("a lease that waits for a call with FAIL", () => {
  test("is listed among the others in the order of their arrival, and leaves nothing behind", async () => {
    const { engine, clock } = await stage();
    for (const [id, more] of [
      ["holder", {}],
      ["passing", FAIL],
      ["waiter", {}],
    ] as const) {
      clock.time++;
      await engine.submit("default", acquireCommand(id, "uat", more));
    }
    const ids = async (query: Partial<Parameters<typeof engine.views.leases>[0]>) =>
      (await engine.views.leases({ states: [], limit: 10, ...query })).map((lease) => lease.id);
    expect(await ids({})).toEqual(["holder", "passing", "waiter"]);
    expect(await ids({ states: ["QUEUED"], limit: 1 })).toEqual(["passing"]);
    expect(await ids({ on: engine.views.around("elsewhere") })).toEqual([]);
    const first = engine.views.live("holder")?.lease.createdAt ?? 0;
    expect(await ids({ after: { createdAt: first, id: "holder" }, limit: 1 })).toEqual(["passing"]);
    await engine.submit("default", { type: "giveUp", lease: "passing" });
    expect(await ids({ states: ["HELD", "QUEUED", "ENDED"] })).toEqual(["holder", "waiter"]);
    expect(await engine.views.lease("passing")).toBeUndefined();
  });
});

describe("names made on demand", () => {
  test("make room for others, whichever pool they are idle in, when there are too many over all", async () => {
    const disk = new SlowDisk();
    const most = limits.environments.total;
    const per = limits.environments.pool - 1;
    const environments: StoredEnvironment[] = Array.from({ length: most }, (_, index) => {
      const named = config(`e${index}`, `p${Math.floor(index / per)}`, 1);
      return { config: named, state: "AVAILABLE", stateReason: "", fence: 0, onDemand: true, revision: 1, rests: [] };
    });
    const pools = [...new Set(environments.map(({ config: { pool } }) => pool))].map((name) => ({ name, revision: 1, at: START }));
    await disk.write({ pools, environments, leases: [], fences: [], settings: [], keys: [], deleted: [], forgotten: [], events: [] });
    const { engine } = await stage(disk);
    const count = () => [...engine.views.environments()].length;
    expect(count()).toBe(most);
    expect(await engine.submit("new", acquireCommand("x", "fresh"))).toMatchObject({ ok: true, lease: { state: "HELD" } });
    // Decided after what the first one has set going.
    await engine.submit("new", acquireCommand("y", "fresh"));
    expect(count()).toBe(most);
    expect(engine.views.totals.environments).toBe(1);
  });
});
