/** One attempt to tell somebody something. */
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { request as requestSecurely, Agent as SecureAgent } from "node:https";
import { type BlockList, isIP, type LookupFunction } from "node:net";
import { Webhook } from "standardwebhooks";
import { mayReach } from "./addresses.ts";
import { checkedLookup, codeOf, Forbidden, type Resolve } from "./lookup.ts";
import type { Receiver } from "./receiver.ts";

/** How long an attempt may take, from the look-up to the status of the answer, in milliseconds, and how much of an answer is read, in bytes. */
const PATIENCE = 5_000;
const LARGEST_ANSWER = 64 * 1024;
/** How long a connection is kept for the next notice, in milliseconds, and how many in all. */
const KEPT = { time: 10_000, sockets: 64 };

/** What is sent: the same id each time that it is tried. */
export interface Message {
  readonly id: string;
  readonly body: string;
}

/** What became of an attempt. `refused`: the receiver will not have this message, however often it is sent. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly refused: boolean };

/** An attempt has taken too long. */
class TooSlow extends Error {}

/** Sends to whom the networks allow, beside public addresses; a new one, with connections of its own, where these change. */
export class Sender {
  readonly #networks: BlockList;
  readonly #lookup: LookupFunction;
  readonly #calls = new Set<ClientRequest>();
  readonly #agents: { readonly "http:": Agent; readonly "https:": SecureAgent };

  constructor(networks: BlockList, resolve: Resolve) {
    this.#networks = networks;
    this.#lookup = checkedLookup(resolve, networks);
    const options = { keepAlive: true, maxFreeSockets: KEPT.sockets, timeout: KEPT.time };
    this.#agents = { "http:": new Agent(options), "https:": new SecureAgent(options) };
  }

  /** Resolves within PATIENCE, whatever the receiver does. What it says has nothing of URL or answer in it. */
  async send({ url, key }: Receiver, { id, body }: Message): Promise<Outcome> {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (isIP(host) !== 0 && !mayReach(host, this.#networks)) return failed(new Forbidden(host).message);
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
        ? requestSecurely(url, { ...options, agent: this.#agents["https:"] })
        : request(url, { ...options, agent: this.#agents["http:"] });
    this.#calls.add(call);
    const timer = setTimeout(() => call.destroy(new TooSlow()), PATIENCE);
    timer.unref();
    call.on("close", () => {
      clearTimeout(timer);
      this.#calls.delete(call);
    });
    return await outcomeOf(call, body);
  }

  /** Closes its connections: what is under way fails, and is for the next sender to try again. */
  close(): void {
    for (const call of this.#calls) call.destroy();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function outcomeOf(call: ClientRequest, body: string): Promise<Outcome> {
  return new Promise((resolve) => {
    call.on("error", (error) => resolve(failed(inWords(error))));
    call.on("response", (answer) => {
      drain(answer);
      resolve(judged(answer.statusCode ?? 0));
    });
    call.end(body);
  });
}

/** Reads what is left of an answer, so that its connection can be used again; too much of it closes that. */
function drain(answer: IncomingMessage): void {
  let length = 0;
  answer.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > LARGEST_ANSWER) answer.destroy();
  });
  answer.on("error", () => {});
}

/** 400, 413 and 422 are about the message itself; all else can be otherwise the next time. */
function judged(status: number): Outcome {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) return failed(`it answered ${status}, and redirects are not followed: give the URL that it points to`);
  return { ok: false, why: `it answered ${status}`, refused: status === 400 || status === 413 || status === 422 };
}

function failed(why: string): Outcome {
  return { ok: false, why, refused: false };
}

/** An error's own words may have the URL in them. */
function inWords(error: Error): string {
  if (error instanceof Forbidden) return error.message;
  if (error instanceof TooSlow) return `no answer within ${PATIENCE / 1_000} s`;
  const code = codeOf(error);
  if (code === "ETIMEOUT") return "no name server answered";
  return `it could not be reached: ${code}`;
}
