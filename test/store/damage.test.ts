import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Loaded, Medium } from "../../src/store/medium.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { StoreFailure, StoreUnusable } from "../../src/store/store.ts";
import { busyDay, storeOn } from "./fixtures.ts";
import { directory } from "./places.ts";

/** All that can be read. */
async function contents(file: string): Promise<object> {
  let medium: Medium | undefined;
  try {
    medium = await SqliteMedium.open(file);
    const loaded: Loaded = await medium.load();
    const ended = await medium.list({ states: ["ENDED"], limit: 1_000 });
    return { ...loaded, ended, past: await medium.past("one", 0, 1_000) };
  } finally {
    await medium?.close();
  }
}

describe("a file in which bytes have changed", () => {
  it("is read as it was written, or refused", async () => {
    const file = path.join(directory(), "call-me.db");
    const { store, clock } = await storeOn(await SqliteMedium.open(file));
    await busyDay(store, clock);
    await store.close();
    const whole = await contents(file);
    const bytes = readFileSync(file);
    let state = 7;
    const dice = (sides: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % sides;
    };
    const outcomes = { same: 0, refused: 0 };
    for (let round = 0; round < 50; round++) {
      const damaged = Buffer.from(bytes);
      for (let flips = 1 + dice(4); flips > 0; flips--) {
        const at = dice(damaged.length);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << dice(8));
      }
      writeFileSync(file, damaged);
      const found = await contents(file).catch((error: unknown) => error);
      if (found instanceof StoreUnusable || found instanceof StoreFailure) outcomes.refused++;
      else {
        expect(found, `round ${round}`).toEqual(whole);
        outcomes.same++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(10);
  });
});
