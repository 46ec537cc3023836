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

/** The store alone, in this process. */
export class Commits implements AsyncDisposable {
  readonly #directory: string;
  readonly #store: LocalStore;
  #count = 0;

  private constructor(directory: string, store: LocalStore) {
    this.#directory = directory;
    this.#store = store;
  }

  static async open(): Promise<Commits> {
    const directory = mkdtempSync(path.join(os.tmpdir(), "store-"));
    const store = await LocalStore.open(await SqliteMedium.open(path.join(directory, "bench.db")), (latest) => new Clock(latest));
    await store.fill(new Pools(() => store.now()));
    return new Commits(directory, store);
  }

  /** How many commits a second it makes durable, one command each, one after another: taking an environment and giving it back. */
  async rate(milliseconds: number): Promise<number> {
    const [first, start] = [this.#count, performance.now()];
    while (performance.now() - start < milliseconds) {
      const lease = `lease-${this.#count}`;
      await this.#commit(acquireCommand(lease, "uat"));
      await this.#commit({ type: "release", by: { principal: "admin" }, lease, outcome: "OK", note: "" });
    }
    return (1_000 * (this.#count - first)) / (performance.now() - start);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close();
    rmSync(this.#directory, { recursive: true });
  }

  async #commit(command: Command): Promise<void> {
    await this.#store.transact(["default"], readsOf("default", command), (transaction) => decide(transaction.draft("default"), command));
    this.#count++;
  }
}
