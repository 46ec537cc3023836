import { type App, start } from "../../src/app.ts";
import { limits } from "../../src/core/limits.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { MemoryMedium } from "../../src/store/memory.ts";

const GRACE = 5_000;

/** A server in this process and in memory, which may have lived before now: each start sets its clock, which goes on from there. */
export class Living implements AsyncDisposable {
  readonly key = "the-key-of-the-page";
  readonly #medium = new MemoryMedium();
  readonly #archive = new MemoryArchive();
  #app: App | undefined;

  /** Its address; throws if it was never started. */
  get url(): string {
    if (this.#app === undefined) throw new Error("start it first");
    return `http://127.0.0.1:${this.#app.port}`;
  }

  /** Starts it, or starts it again, as if that were so many seconds ago. */
  async startAgo(seconds: number): Promise<void> {
    await this.#app?.stop(GRACE);
    const { now } = Date;
    Date.now = () => now() - seconds * 1_000;
    try {
      this.#app = await start({
        hostFor: () => "127.0.0.1",
        port: 0,
        apiKey: this.key,
        autoCreate: true,
        legacyTtl: undefined,
        direct: true,
        corsOrigins: new Set(),
        medium: this.#medium,
        archive: this.#archive,
        retention: { span: limits.history, entries: limits.archive.events.min },
        log: { debug() {}, info() {}, warn() {}, error() {} },
      });
    } finally {
      Date.now = now;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app?.stop(GRACE);
  }
}
