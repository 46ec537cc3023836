// How much of what comes at once from one address is begun before others are heard.
import { once } from "node:events";
import { expect, test } from "vitest";
import { ACCESS_LIMITS } from "../../src/access/limits.ts";
import type { Handle } from "../../src/rpc/http/listen.ts";
import { frame, GREETING, postHeaders, TYPE, word } from "../abuse/frames.ts";
import { eventually } from "../outside/eventually.ts";
import { openDoor, openSocket } from "./doors.ts";

/** Counts the requests that are begun, by turns of the event loop. */
function counting(): { readonly handle: Handle; readonly turns: number[]; readonly all: () => number } {
  const turns: number[] = [];
  let now = -1;
  const handle: Handle = (_req, res) => {
    if (now === -1) {
      now = turns.push(0) - 1;
      // A turn ends behind everything that its packets have begun.
      setImmediate(() => {
        now = -1;
      });
    }
    turns[now] = (turns[now] ?? 0) + 1;
    res.end("hello");
  };
  return { handle, turns, all: () => turns.reduce((sum, count) => sum + count, 0) };
}

/** This machine's addresses count like any other. */
const bound = { access: () => ({ ...ACCESS_LIMITS, exempt: { ...ACCESS_LIMITS.exempt, address: () => false } }) };

/** Streams of an HTTP/2 connection, from the first one on. */
const streams = (count: number) => Array.from({ length: count }, (_, index) => 2 * index + 1);

test("requests that are taken back in the packet that they came in are never begun, but for some", async () => {
  const { handle, all } = counting();
  const door = await openDoor(handle);
  const socket = await openSocket(door.port);
  const thrownAway = streams(200).flatMap((stream) => [postHeaders(stream, true), frame(TYPE.RESET, 0, stream, word(8))]);
  const read: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => read.push(chunk)).write(GREETING);
  await once(socket, "data");
  socket.write(Buffer.concat([...thrownAway, postHeaders(401, true)]));
  await eventually(() => Buffer.concat(read).includes("hello"));
  expect(all()).toBeGreaterThan(0);
  expect(all()).toBeLessThan(30);
});

test.each([
  ["HTTP/2", (count: number) => Buffer.concat([GREETING, ...streams(count).map((stream) => postHeaders(stream, true))])],
  ["HTTP/1.1", (count: number) => Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count))],
])(
  "of what one address asks for at once, on however many connections, a little is begun in a turn, and all of it in the end: %s",
  async (_, asked) => {
    const { handle, turns, all } = counting();
    const door = await openDoor(handle, bound);
    const sockets = await Promise.all(Array.from({ length: 4 }, () => openSocket(door.port)));
    for (const socket of sockets) socket.resume().write(asked(100));
    await eventually(() => all() === 400);
    // What is begun with a packet, and what waits for the turn behind it, look like one from here.
    expect(Math.max(...turns)).toBeLessThanOrEqual(32);
  },
);

test("a busy connection keeps another one of its address waiting for one request, and not for all of its own", async () => {
  const order: string[] = [];
  const door = await openDoor((req, res) => {
    order.push(req.url ?? "");
    res.end("hello");
  }, bound);
  const [busy, modest] = [await openSocket(door.port), await openSocket(door.port)];
  for (const socket of [busy, modest]) socket.resume();
  busy.write("GET /busy HTTP/1.1\r\nHost: a\r\n\r\n".repeat(400));
  modest.write("GET /modest HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => order.length === 401);
  expect(order.indexOf("/modest")).toBeLessThan(100);
});

test("who waits for his turn, and goes, is not waited for, and does not keep his address from others", async () => {
  const { handle, all } = counting();
  const door = await openDoor(handle, bound);
  const [gone, next] = [await openSocket(door.port), await openSocket(door.port)];
  gone.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(400));
  await eventually(() => all() > 0);
  gone.resetAndDestroy();
  await once(gone, "close");
  next.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const [answer] = (await once(next, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 200/);
});

test("requests keep their order where their connection is held while they wait, and one is begun in a turn when it is let go", async () => {
  const order: number[] = [];
  const turns: number[] = [];
  let now = 0;
  const handle: Handle = (req, res, _delivery, neighbour) => {
    const number = Number(req.url?.slice(1));
    if (number === 5) neighbour.hold();
    if (now++ === 0)
      setImmediate(() => {
        turns.push(now);
        now = 0;
      });
    order.push(number);
    res.end("hello");
  };
  const door = await openDoor(handle, bound);
  const socket = await openSocket(door.port);
  const ask = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `GET /${from + index} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
  socket.resume().write(ask(0, 40));
  await eventually(() => order.includes(5));
  socket.write(ask(40, 60));
  await eventually(() => order.length === 60);
  expect(order).toEqual(Array.from({ length: 60 }, (_, number) => number));
  // Sixteen had been begun with the packet.
  expect(Math.max(...turns.slice(2))).toBeLessThanOrEqual(2);
});

test("a misuse counts once, however many waiting requests tell of it", async () => {
  let refused = 0;
  const handle: Handle = (_req, res, _delivery, neighbour) => {
    refused++;
    neighbour.refused();
    res.end("too many");
  };
  const door = await openDoor(handle, bound);
  const greedy = await openSocket(door.port);
  greedy.resume().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(250));
  await eventually(() => refused > 200);
  const closed = new Promise((resolve) => greedy.once("close", resolve));
  greedy.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200));
  await closed;
  const next = await openSocket(door.port);
  next.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const [answer] = (await once(next, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 200/);
});
