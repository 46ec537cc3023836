/** Attacks by what requests carry. */
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { END_HEADERS, frame, literal, OPEN_GREETING, Requests, TYPE } from "../frames.ts";
import { dial, lanes, listenTo, send, type Tally, type Target } from "../peer.ts";
import { grpcHeaders } from "./frames.ts";

const CHECK = "/callme.v1.LockService/Check";
/** What a body without end is made of, and how much of it is sent. */
const CHUNK = 64 * 1024;
const WHOLE = 5 * 1024 ** 3;

/** 5 GiB over HTTP/1.1, in chunks. */
export async function chunkedBody(target: Target, tally: Tally): Promise<void> {
  const chunk = Buffer.concat([Buffer.from(`${CHUNK.toString(16)}\r\n`), Buffer.alloc(CHUNK, " "), Buffer.from("\r\n")]);
  await lanes(target, 2, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    countAnswers(socket, tally);
    const head = `POST ${CHECK} HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${target.key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    let alive = await send(socket, head);
    for (let sent = 0; alive && sent < WHOLE; sent += CHUNK) {
      alive = await send(socket, chunk);
      tally.add("bytes", chunk.length);
    }
    socket.destroy();
  });
}

/** The same over HTTP/2, in DATA frames, as far as the server's window goes. */
export async function dataBody(target: Target, tally: Tally): Promise<void> {
  const block = Object.entries({ ":path": CHECK, ":authority": "a", ...grpcHeaders(target.key) }).map(([name, value]) =>
    literal(name, value),
  );
  await lanes(target, 2, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    listenTo(socket, tally);
    const data = frame(TYPE.DATA, 0, 1, Buffer.alloc(16_384));
    let alive = await send(
      socket,
      Buffer.concat([OPEN_GREETING, frame(TYPE.HEADERS, END_HEADERS, 1, Buffer.concat([Buffer.from([0x83, 0x86]), ...block]))]),
    );
    while (alive) {
      // Beyond its window, too: who attacks keeps no rule.
      alive = await send(socket, data);
      tally.add("bytes", data.length);
    }
  });
}

/** Compressed requests that unfold a thousand times, over Connect and gRPC. */
export async function gzipBombs(target: Target, tally: Tally): Promise<void> {
  const bomb = gzipSync(Buffer.alloc(60 * 1024 * 1024, " "), { level: 9 });
  const json = Buffer.concat([
    Buffer.from(
      `POST ${CHECK} HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${target.key}\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
    ),
    bomb,
  ]);
  const overHttp1 = lanes(target, 4, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    countAnswers(socket, tally);
    while (await askHttp1(socket, json)) tally.add("requests");
  });
  const overHttp2 = lanes(target, 4, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    const enveloped = Buffer.from(encodeEnvelope(1, bomb));
    const requests = new Requests(CHECK, { ...grpcHeaders(target.key), "grpc-encoding": "gzip" });
    let room = () => {};
    listenTo(socket, tally, () => room());
    socket.once("close", () => room());
    let alive = await send(socket, OPEN_GREETING);
    while (alive) {
      const { stream, bytes } = requests.next(Buffer.alloc(0));
      const ended = new Promise<void>((resolve) => {
        room = resolve;
      });
      // The headers without their empty end; then the body in frames.
      const parts = [bytes.subarray(0, bytes.length - 9)];
      for (let at = 0; at < enveloped.length; at += 16_384)
        parts.push(frame(TYPE.DATA, at + 16_384 >= enveloped.length ? 1 : 0, stream, enveloped.subarray(at, at + 16_384)));
      alive = await send(socket, Buffer.concat(parts));
      tally.add("requests");
      await ended;
      alive &&= !socket.destroyed;
    }
  });
  await Promise.all([overHttp1, overHttp2]);
}

/** JSON 1,500 deep, as objects and lists, known fields and unknown ones. */
export async function deepJson(target: Target, tally: Tally): Promise<void> {
  const bodies = [
    "[".repeat(1_500),
    '{"a":'.repeat(1_500),
    `{"needs":${"[".repeat(1_500)}${"]".repeat(1_500)}}`,
    '{"needs":[{"environment":'.repeat(1_500),
  ];
  const requests = bodies.map((body) =>
    Buffer.from(
      `POST ${CHECK.replace("Check", "Acquire")} HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${target.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ),
  );
  await lanes(target, 4, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    countAnswers(socket, tally);
    for (let number = 0; await askHttp1(socket, requests[number % requests.length] as Buffer); number++) tally.add("requests");
  });
}

/** Sends a request and waits for an answer, or a part of it; false: the connection is closed. */
async function askHttp1(socket: Socket, request: Buffer): Promise<boolean> {
  const heard = new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
    socket.once("close", () => resolve());
  });
  if (!(await send(socket, request))) return false;
  await heard;
  return !socket.destroyed;
}

/** Counts the answers that come over HTTP/1.1, by their status. */
export function countAnswers(socket: Socket, tally: Tally, each: () => void = () => {}): void {
  socket.on("data", (chunk: Buffer) => {
    for (const [, status] of chunk.toString("latin1").matchAll(/HTTP\/1\.1 (\d{3})/g)) {
      tally.add(`HTTP ${status}`);
      each();
    }
  });
}
