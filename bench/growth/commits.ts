import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Command, readsOf } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import { Pools } from "../../src/engine/pools.ts";
import { Clock } from "../../src/store/clock.ts";
import { LocalStore } from "../../src/store/local.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { acquireCommand } from "../../test/core/world.ts";

/** How many commits a second the store makes durable, one command each, one after another: taking an environment and giving it back. */
export async function commits(seconds: number): Promise<number> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "store-"));
  const store = await LocalStore.open(await SqliteMedium.open(path.join(directory, "bench.db")), (latest) => new Clock(latest));
  await store.fill(new Pools(() => store.now()));
  const commit = (command: Command) =>
    store.transact(["default"], readsOf("default", command), (transaction) => decide(transaction.draft("default"), command));
  let count = 0;
  const start = performance.now();
  for (; performance.now() - start < seconds * 1_000; count += 2) {
    await commit(acquireCommand(`lease-${count}`, "uat"));
    await commit({ type: "release", by: { principal: "admin" }, lease: `lease-${count}`, outcome: "OK", note: "" });
  }
  const rate = (1_000 * count) / (performance.now() - start);
  await store.close();
  rmSync(directory, { recursive: true });
  return rate;
}
