/** Requests that were changed here and there, at random but the same for the same seed, and what they are answered with. */
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type { Address } from "../outside/clients.ts";
import type { Tally } from "./peer.ts";

/** Numbers that look random (mulberry32), from 0 up to `below`. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  of<T>(list: readonly T[]): T {
    const one = list[this.roll(list.length)];
    if (one === undefined) throw new Error("there is nothing to choose from");
    return one;
  }
}

const METHODS = [
  "Lock/Check",
  "Lock/Acquire",
  "Lock/Release",
  "Lock/Renew",
  "Lock/GetLease",
  "Lock/CheckFence",
  "Environment/ListEnvironments",
  "Environment/ApplyEnvironments",
  "Environment/ListLeases",
  "Insight/ListEvents",
  "Insight/GetStats",
  "Insight/ListNotices",
  "Insight/RetryNotice",
  "Insight/DropNotices",
  "Access/WhoAmI",
  "Access/ListKeys",
].map((name) => `/callme.v1.${name.replace("/", "Service/")}`);
const DOCUMENTS = [
  '{"environment":"uat"}',
  '{"needs":[{"environment":"a","slots":1},{"selector":"tier in (a,b),!gpu","count":2}],"ttl":"60s","ifBusy":"IF_BUSY_FAIL","requestId":"r"}',
  '{"leaseId":"x","ttl":"5s","facts":{"a":"b"}}',
  '{"environment":"e","fencingToken":"9223372036854775807"}',
  '{"environments":[{"name":"e","labels":{"k":"v"},"capacity":2}],"prune":false,"dryRun":true}',
  '{"filter":{"environment":"e","kinds":["EVENT_KIND_HELD"],"since":"2027-01-31T12:00:00Z"},"pageSize":5}',
  "{}",
].map((text) => Buffer.from(text));
const BINARY = ["0a03756174", "0a0375617412021a00", "0a0378797a1a0208051001", "0a01650a0166", ""].map((hex) => Buffer.from(hex, "hex"));
const SPLICES = [
  "\0",
  "\r\n",
  "\r\n\r\n",
  "\ud800",
  "__proto__",
  "[".repeat(200),
  '"',
  "}",
  "1e999",
  "-0",
  "%",
  "\x7f\xff\xfe",
  "A".repeat(5_000),
].map((text) => Buffer.from(text));

/** A few bytes changed, taken out, doubled, or put in. */
function mutated(bytes: Buffer, dice: Dice): Buffer {
  let all = bytes;
  for (let times = dice.roll(4); times >= 0; times--) {
    const [from, to] = [dice.roll(all.length + 1), dice.roll(all.length + 1)].sort((a, b) => a - b) as [number, number];
    const [before, middle, after] = [all.subarray(0, from), all.subarray(from, to), all.subarray(to)];
    const kind = dice.roll(5);
    if (kind === 0) all = Buffer.concat([before, after]);
    else if (kind === 1) all = Buffer.concat([before, middle, middle, after]).subarray(0, 100_000);
    else if (kind === 2) all = Buffer.concat([before, dice.of(SPLICES), middle, after]);
    else if (kind === 3) all = all.subarray(0, to);
    else {
      all = Buffer.from(all);
      if (all.length > 0) all[Math.min(from, all.length - 1)] = dice.roll(256);
    }
  }
  return all;
}

/** Sends `count` of them over HTTP/1.1, headers and all, on connections that are opened again when they are closed. */
export async function fuzzHttp1({ url, key }: Address, dice: Dice, count: number, tally: Tally): Promise<void> {
  let socket: Socket | undefined;
  for (let sent = 0; sent < count; sent++) {
    const type = dice.of(["application/json", "application/proto", "application/connect+json", "application/grpc-web+json", "text/plain"]);
    const body = mutated(dice.of([...DOCUMENTS, ...BINARY]), dice);
    const head = `POST ${dice.of(METHODS)} HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${key}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const whole = Buffer.concat([Buffer.from(head), body]);
    socket = socket?.destroyed === false ? socket : await dialed(Number(new URL(url).port));
    if (dice.roll(2) === 0) await exchanged(socket, whole, false, tally);
    else await exchanged(socket, mutated(whole, dice), true, tally);
  }
  socket?.destroy();
}

async function dialed(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  return socket;
}

/** Sends bytes and waits for an answer, or the end; `last`: nothing follows them, so half a request is known to be one. */
function exchanged(socket: Socket, bytes: Buffer, last: boolean, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const heard = (chunk: Buffer) => {
      const text = chunk.toString("latin1");
      for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3})/g)) tally.add(`HTTP ${status}`);
      if (/"code":"(internal|unknown|data_loss)"/.test(text)) tally.add("internal");
      if (!last) done();
    };
    const done = () => {
      socket.off("data", heard).off("close", done);
      resolve();
    };
    socket.on("data", heard).once("close", done);
    if (last) socket.end(bytes);
    else socket.write(bytes);
    tally.add("requests");
  });
}

/** Sends `count` of them over HTTP/2, many at once: gRPC, gRPC-Web and Connect, compressed or not. */
export async function fuzzHttp2({ url, key }: Address, dice: Dice, count: number, tally: Tally): Promise<void> {
  const session = connectHttp2(url);
  session.on("error", () => {});
  let sent = 0;
  const lane = async () => {
    while (sent < count) {
      sent++;
      await asked(session, key, dice, tally);
    }
  };
  await Promise.all(Array.from({ length: 50 }, lane));
  session.destroy();
}

function asked(session: ClientHttp2Session, key: string, dice: Dice, tally: Tally): Promise<void> {
  const type = dice.of(["grpc", "grpc+proto", "grpc+json", "grpc-web", "grpc-web+json", "json", "proto", "connect+json"]);
  const plain = mutated(dice.of(type.includes("json") ? DOCUMENTS : BINARY), dice);
  const gzip = dice.roll(4) === 0;
  const data = gzip ? gzipSync(plain, { level: 1 }) : plain;
  const enveloped = type.startsWith("grpc") || type.startsWith("connect");
  const whole = enveloped ? Buffer.from(encodeEnvelope(gzip ? 1 : 0, data)) : data;
  const encoding = type.startsWith("grpc") ? "grpc-encoding" : enveloped ? "connect-content-encoding" : "content-encoding";
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": dice.of(METHODS),
      "content-type": `application/${type}`,
      "x-api-key": key,
      ...(gzip && { [encoding]: "gzip" }),
      ...(dice.roll(8) === 0 && { "grpc-timeout": dice.of(["1n", "1S", "99999999H", "x", "0m"]) }),
    });
    const note = (headers: IncomingHttpHeaders) => {
      const status = headers["grpc-status"];
      if (status !== undefined) tally.add(`grpc-status ${status}`);
      if (["2", "13", "15"].includes(String(status)) || Number(headers[":status"]) === 500) tally.add("internal");
    };
    let text = "";
    stream
      .on("response", note)
      .on("trailers", note)
      .on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    stream.on("close", () => {
      if (/"code":"(internal|unknown|data_loss)"|grpc-status: ?(2|13|15)\r/.test(text)) tally.add("internal");
      tally.add("answers");
      resolve();
    });
    tally.add("requests");
    stream.end(dice.roll(2) === 0 ? whole : mutated(whole, dice));
  });
}
