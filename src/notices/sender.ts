/** One attempt to tell somebody something. */
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as requestSecurely, Agent as SecureAgent } from "node:https";
import { type BlockList, isIP, type LookupFunction } from "node:net";
import { Webhook } from "standardwebhooks";
import { mayReach } from "./addresses.ts";
import { checkedLookup, codeOf, Forbidden, type Resolve } from "./lookup.ts";
import { CUT, failed, judged, type Outcome } from "./outcome.ts";
import type { Receiver } from "./receiver.ts";

/** How long an attempt may take, from the look-up to the status of the answer, in milliseconds. */
const PATIENCE = 5_000;
/** How much of an answer is read, in bytes, and for how long, in milliseconds, so that its connection can be used again. */
const ANSWER = { bytes: 64 * 1024, time: 250 };
/** How long a connection is kept for the next notice, in milliseconds; how many are kept, and how many there are at all. */
const KEPT = { time: 10_000, sockets: 64, total: 512 };

const UNANSWERED = "it closed the connection without an answer";

/** What is sent: the same id each time that it is tried. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

/** An attempt has taken too long. */
class TooSlow extends Error {}

/** Sends to whom the networks allow, beside public addresses; a new one, with connections of its own, where these change. */
export class Sender {
  readonly #networks: BlockList;
  readonly #lookup: LookupFunction;
  readonly #calls = new Set<ClientRequest>();
  readonly #agents: { readonly "http:": Agent; readonly "https:": SecureAgent };
  #closed = false;

  constructor(networks: BlockList, resolve: Resolve) {
    this.#networks = networks;
    this.#lookup = checkedLookup(resolve, networks);
    const options = { keepAlive: true, maxFreeSockets: KEPT.sockets, maxTotalSockets: KEPT.total, timeout: KEPT.time };
    this.#agents = { "http:": new Agent(options), "https:": new SecureAgent(options) };
  }

  /** Resolves soon after PATIENCE at the latest, whatever the receiver does. */
  async send(receiver: Receiver, message: Message): Promise<Outcome> {
    const host = receiver.url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (isIP(host) !== 0 && !mayReach(host, this.#networks)) return failed(new Forbidden(host).message);
    const kept = await this.#try(receiver, message, true);
    if (kept !== "stale") return kept;
    // The peer had closed a kept connection, or was about to: that says nothing of it.
    const fresh = await this.#try(receiver, message, false);
    return fresh === "stale" ? failed(UNANSWERED) : fresh;
  }

  /** On a connection that is kept, or on one of its own. */
  async #try({ url, key }: Receiver, { id, body }: Message, keep: boolean): Promise<Outcome | "stale"> {
    if (this.#closed) return CUT;
    const timestamp = new Date();
    const headers = {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      "user-agent": "call-me",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(timestamp.getTime() / 1_000)),
      ...(key !== undefined && { "webhook-signature": new Webhook(key).sign(id, timestamp, body) }),
    };
    const options = { method: "POST", headers, lookup: this.#lookup };
    const call =
      url.protocol === "https:"
        ? requestSecurely(url, { ...options, agent: keep && this.#agents["https:"] })
        : request(url, { ...options, agent: keep && this.#agents["http:"] });
    this.#calls.add(call);
    const timer = setTimeout(() => call.destroy(new TooSlow()), PATIENCE);
    timer.unref();
    call.on("close", () => {
      clearTimeout(timer);
      this.#calls.delete(call);
    });
    const outcome = await outcomeOf(call, body);
    return this.#closed && !(outcome !== "stale" && outcome.ok) ? CUT : outcome;
  }

  /** Closes its connections: what is under way is cut, and for the next sender to try again. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.destroy();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

/** "stale": its connection had been used before, and was closed without an answer. */
function outcomeOf(call: ClientRequest, body: string): Promise<Outcome | "stale"> {
  return new Promise((resolve) => {
    call.on("error", (error) => {
      const isStale = call.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(codeOf(error));
      resolve(isStale ? "stale" : failed(inWords(error)));
    });
    call.on("response", (answer) => {
      call.off("close", unanswered);
      const { statusCode = 0, headers } = answer;
      void drained(answer).then(() => resolve(judged(statusCode, headers["retry-after"])));
    });
    call.on("upgrade", ({ statusCode = 0 }, socket) => {
      socket.destroy();
      resolve(judged(statusCode, undefined));
    });
    // Whatever else can be.
    const unanswered = () => resolve(failed(UNANSWERED));
    call.on("close", unanswered);
    call.end(body);
  });
}

/** Reads what is left of an answer; one that is too long, or takes too long, is left, with its connection. */
function drained(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let length = 0;
    const timer = setTimeout(() => answer.destroy(), ANSWER.time);
    answer.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > ANSWER.bytes) answer.destroy();
    });
    answer.on("error", () => {});
    answer.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** An error's own words may have the URL in them. */
function inWords(error: Error): string {
  if (error instanceof Forbidden) return error.message;
  if (error instanceof TooSlow) return `no answer within ${PATIENCE / 1_000} s`;
  const code = codeOf(error);
  if (code === "ETIMEOUT") return "no name server answered";
  return `it could not be reached: ${code}`;
}
