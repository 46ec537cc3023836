import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Server } from "../test/outside/server.ts";
import type { Order, Report, WatchOrder } from "./readers.ts";

/** A process of readers; told what to do, it reports when it is done. */
export class Crowd implements Disposable {
  readonly #child: ChildProcess = fork(new URL("./readers.ts", import.meta.url));

  async order(order: Order): Promise<Report> {
    this.#child.send(order);
    const [report] = (await once(this.#child, "message")) as [Report];
    return report;
  }

  open(server: Server, watch: Partial<WatchOrder>): Promise<Report> {
    const all = { streams: 1, connections: 1, deaf: false, ...watch };
    return this.order({ do: "open", port: server.port, key: server.key, watch: all });
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

/** A thread that asks for /healthz all the time. */
export class Pulse implements AsyncDisposable {
  readonly #worker: Worker;

  constructor(server: Server) {
    this.#worker = new Worker(new URL("./pulse.ts", import.meta.url), { workerData: server.url });
  }

  /** The longest that it waited since it was last asked, in ms. */
  async longest(): Promise<number> {
    this.#worker.postMessage("longest");
    const [longest] = (await once(this.#worker, "message")) as [number];
    return longest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
