// A receiver of notices on this machine: what it is sent it keeps, and it answers as it is told to.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

/** The key that receivers of the tests know. */
export const WEBHOOK_KEY = `whsec_${Buffer.from("a key of the tests, of 32 bytes.").toString("base64")}`;

/** One request, as it came. */
export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What is in a notice in JSON, as far as tests look at it. */
export interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly rule?: string;
    readonly pool: string;
    readonly environments: readonly string[];
    readonly lease_id?: string;
    readonly reason: string;
    readonly holder?: { readonly name: string; readonly run_url: string };
    readonly by?: { readonly principal: string };
    readonly until?: string;
    readonly end_reason?: string;
    readonly state?: string;
  };
}

/** Answers, or does not. */
type Answer = (answer: ServerResponse, delivery: Delivery) => void;

/** Has got it. */
export const accept: Answer = (answer) => void answer.writeHead(204).end();

export class WebhookReceiver implements AsyncDisposable {
  readonly deliveries: Delivery[] = [];
  /** How it answers from now on. */
  answer: Answer = accept;
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await receiver.listen();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  /** What has come, each id once, in the order in which it came first. */
  get told(): Told[] {
    const seen = new Set<unknown>();
    return this.deliveries.flatMap(({ headers, body }) => {
      const id = headers["webhook-id"];
      if (seen.has(id)) return [];
      seen.add(id);
      return JSON.parse(body) as Told;
    });
  }

  /** The types of the same. */
  get types(): string[] {
    return this.told.map(({ type }) => type);
  }

  /** On the same port, after `close`. */
  async listen(): Promise<void> {
    this.#server = createServer((request, answer) => void this.#take(request, answer));
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Nobody listens any more. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #take(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    answer.on("error", () => {});
    const delivery = { path: request.url ?? "", headers: request.headers, body: await text(request).catch(() => "") };
    this.deliveries.push(delivery);
    this.answer(answer, delivery);
  }
}

/** Throws unless it was signed with the key of the tests. */
export function verify({ headers, body }: Delivery): void {
  new Webhook(WEBHOOK_KEY).verify(body, headers as Record<string, string>);
}

/** A file of notices, in YAML, that lets this machine be called. */
export async function noticesFile(directory: string, sections: string): Promise<string> {
  const file = path.join(directory, "notices.yaml");
  await writeFile(file, `private: [127.0.0.0/8]\n${sections}`);
  return file;
}

/** A rule, in YAML. */
export function ruleFor(url: string, more = "", name = "ops"): string {
  return `- {name: ${name}, patterns: "*", url: "${url}", secret_from: CALL_ME_SECRET_HOOK${more}}\n`;
}
