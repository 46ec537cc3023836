// A process of tabs, for pages.ts: each asks for what the page in a browser asks for, over HTTP/1.1 and from an address of its own.
import { Agent, type IncomingMessage, request } from "node:http";
import os from "node:os";
import process from "node:process";
import { create, type DescMethod, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { AccessService } from "../gen/ts/callme/v1/access_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";

/** Opens so many at once; "again": cuts all their connections, and has them come back as pages do. */
export type TabsOrder = { readonly url: string; readonly key: string; readonly tabs: number } | "again";

/** Told when each has been told everything: how many bytes came by all streams so far. */
export interface TabsReport {
  readonly bytes: number;
}

/** As the page waits before it comes back, in ms: web/state/seen.ts. */
const PAUSE = { least: 125, spread: 250 };

let bytes = 0;

class Tab {
  readonly #url: string;
  readonly #key: string;
  readonly #agent: Agent;

  constructor(url: string, key: string, number: number) {
    this.#url = url;
    this.#key = key;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 6, localAddress: `127.1.${number >> 8}.${number & 255}` });
  }

  async open(): Promise<void> {
    const html = await textOf(await this.#ask("GET", "/"));
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => `/${path}`);
    await Promise.all(files.map(async (path) => textOf(await this.#ask("GET", path))));
    await textOf(await this.#call(AccessService.method.whoAmI, {}));
    await this.#watch();
  }

  async again(): Promise<void> {
    this.#agent.destroy();
    await new Promise((resolve) => setTimeout(resolve, PAUSE.least + Math.random() * PAUSE.spread));
    await Promise.all([this.#watch(), this.#call(AccessService.method.whoAmI, {}).then(textOf)]);
  }

  /** Resolves when the snapshot and the heartbeat behind it are there. */
  async #watch(): Promise<void> {
    const stream = await this.#call(LockService.method.watchEnvironment, {}, "connect+proto");
    stream.on("error", () => {});
    await new Promise<void>((resolve) => {
      let left = Buffer.alloc(0);
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        left = Buffer.concat([left, chunk]);
        for (; left.length >= HEAD && left.length >= HEAD + left.readUInt32BE(1); left = left.subarray(HEAD + left.readUInt32BE(1)))
          if (left.readUInt32BE(1) < SHORT) resolve();
      });
    });
  }

  #call<M extends DescMethod>(method: M, message: MessageInitShape<M["input"]>, type = "proto"): Promise<IncomingMessage> {
    const body = toBinary(method.input, create(method.input, message));
    const head = Buffer.alloc(type === "proto" ? 0 : HEAD);
    if (head.length > 0) head.writeUInt32BE(body.length, 1);
    return this.#ask("POST", `/${method.parent.typeName}/${method.name}`, `application/${type}`, Buffer.concat([head, body]));
  }

  #ask(method: string, path: string, type?: string, body?: Buffer): Promise<IncomingMessage> {
    const headers = {
      "x-api-key": this.#key,
      "accept-encoding": "gzip",
      ...(type && { "content-type": type, "connect-protocol-version": "1" }),
    };
    return new Promise((resolve, reject) => {
      const call = request(`${this.#url}${path}`, { method, headers, agent: this.#agent }, (answer) => {
        if (answer.statusCode === 200) resolve(answer);
        else reject(new Error(`${path}: ${answer.statusCode}`));
      });
      call.on("error", reject).end(body);
    });
  }
}

/** How a stream frames a message: a flag, and its length. A heartbeat is shorter than this. */
const HEAD = 5;
const SHORT = 40;

async function textOf(answer: IncomingMessage): Promise<string> {
  return (await answer.setEncoding("utf8").toArray()).join("");
}

// Elsewhere these are hundreds of machines: what they do must not keep the server from its processor.
os.setPriority(os.constants.priority.PRIORITY_LOW);

let tabs: readonly Tab[] = [];
process.on("message", async (order: TabsOrder) => {
  if (order === "again") await Promise.all(tabs.map((tab) => tab.again()));
  else {
    tabs = Array.from({ length: order.tabs }, (_, number) => new Tab(order.url, order.key, number));
    await Promise.all(tabs.map((tab) => tab.open()));
  }
  process.send?.({ bytes } satisfies TabsReport);
});
