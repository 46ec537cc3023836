// Endless answers that share an HTTP/2 connection which cannot take all that there is to say.
import type { ServerResponse } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";
import { DOOR_LIMITS } from "../../src/rpc/http/door/limits.ts";
import { OpenStream, Sending } from "../../src/rpc/http/door/streams.ts";
import type { Handle } from "../../src/rpc/http/listen.ts";
import { Outlet } from "../../src/rpc/http/outlet.ts";
import { getHttp2, hello, openDoor, openSession, SHORT } from "./doors.ts";

/** Says as much as there is room for, for ever; to /hello only hello. */
const endless: Handle = async (req, res, ...rest) => {
  if (req.url === "/hello") return hello(req, res, ...rest);
  (res as ServerResponse).writeHead(200);
  const outlet = new Outlet(res);
  while (!(res as Http2ServerResponse).stream.closed) {
    const room = outlet.write(Buffer.alloc(1024));
    if (room !== undefined) await room;
  }
};

/** Opens streams and reads them all; `heard` counts the bytes of each. `told` resolves when so many have come in all. */
function follow(session: ClientHttp2Session, count: number) {
  session.setMaxListeners(0);
  const heard: number[] = Array.from({ length: count }, () => 0);
  const cut: number[] = [];
  let all = 0;
  let check = () => {};
  for (const index of heard.keys()) {
    const stream = session.request();
    stream.on("error", () => undefined);
    stream.once("close", () => cut.push(stream.rstCode));
    stream.on("data", (chunk: Buffer) => {
      heard[index] = (heard[index] ?? 0) + chunk.length;
      all += chunk.length;
      check();
    });
  }
  const told = (bytes: number) =>
    new Promise<void>((resolve) => {
      check = () => {
        if (all >= bytes) resolve();
      };
      check();
    });
  return { heard, cut, told, all: () => all };
}

test("450 endless answers on one connection with a window of 64 KiB get equal shares, and none is cut off", async () => {
  const door = await openDoor(endless, { limits: { ...SHORT, stallTimeout: 200 } });
  const { heard, cut, told } = follow(await openSession(door.url), 450);
  await told(32 * 1024 * 1024);
  expect(cut).toEqual([]);
  expect(Math.min(...heard)).toBeGreaterThan(Math.max(...heard) / 2);
});

test("on a connection that is full every piece of every answer arrives, in order", async () => {
  const pieces = Array.from({ length: 100 }, (_, number) => Buffer.from(`${number},`.padStart(200)));
  const count: Handle = async (_, res) => {
    (res as ServerResponse).writeHead(200);
    const outlet = new Outlet(res);
    for (const piece of pieces) {
      const room = outlet.write(piece);
      if (room !== undefined) await room;
      await new Promise((resolve) => setImmediate(resolve));
    }
    (res as ServerResponse).end();
  };
  const door = await openDoor(count, { limits: SHORT });
  const session = await openSession(door.url);
  session.setMaxListeners(0);
  const read = async () => {
    let text = "";
    for await (const chunk of session.request() as AsyncIterable<Buffer>) text += chunk.toString();
    return text;
  };
  const heard = await Promise.all(Array.from({ length: 300 }, read));
  expect(heard.filter((text) => text !== pieces.join(""))).toEqual([]);
});

test("a call beside 450 endless answers on its connection waits for little of what they say", async () => {
  const door = await openDoor(endless, { limits: SHORT });
  const session = await openSession(door.url);
  const { told, all } = follow(session, 450);
  await told(4 * 1024 * 1024);
  for (let call = 0; call < 5; call++) {
    const before = all();
    expect((await getHttp2(session, "/hello")).body).toBe("hello");
    expect(all() - before).toBeLessThan(1024 * 1024);
  }
});

test("of answers on one connection, the one whose reader has stopped is cut off, and the others go on", async () => {
  const door = await openDoor(endless, { limits: { ...SHORT, stallTimeout: 200 } });
  const session = await openSession(door.url);
  // Room for others, whatever one does not read.
  session.setLocalWindowSize(16 * 1024 * 1024);
  const deaf: ClientHttp2Stream = session.request();
  deaf.on("error", () => undefined);
  const { cut, told, all } = follow(session, 5);
  await new Promise((resolve) => deaf.once("close", resolve));
  expect(deaf.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await told(all() + 1024 * 1024);
  expect(cut).toEqual([]);
});

test.each([0, 100])("a reader (the %ith) beside 199 streams of its connection that nobody reads is told all the same", async (which) => {
  // No sweep cuts any of them off, or forgives it.
  const door = await openDoor(endless, { limits: { ...SHORT, sweepInterval: 3_600_000 } });
  const session = await openSession(door.url);
  // So little of a stream can go unread that the connection's window stays open for the reader.
  await new Promise((resolve) => session.settings({ initialWindowSize: 128 }, resolve));
  session.setMaxListeners(0);
  let heard = 0;
  let check = () => {};
  for (let index = 0; index < 200; index++) {
    const stream = session.request();
    stream.on("error", () => undefined);
    if (index !== which) continue;
    stream.on("data", (chunk: Buffer) => {
      heard += chunk.length;
      check();
    });
  }
  await new Promise<void>((resolve) => {
    check = () => {
      if (heard >= 1024 * 1024) resolve();
    };
  });
});

test("of many answers on a connection that nobody reads, each is cut off in the end, also those whose turn never came", async () => {
  const door = await openDoor(endless, { limits: { ...SHORT, stallTimeout: 50 } });
  const session = await openSession(door.url);
  session.setMaxListeners(0);
  const ends = Array.from({ length: 200 }, async () => {
    const stream = session.request().on("error", () => undefined);
    await new Promise((resolve) => stream.once("close", resolve));
    return stream.rstCode;
  });
  expect(new Set(await Promise.all(ends))).toEqual(new Set([constants.NGHTTP2_ENHANCE_YOUR_CALM]));
});

test("an answer of which as many bytes wait at each look is no slower for it: what counts is what went out", () => {
  const limits = { ...DOOR_LIMITS, stallTimeout: 10 };
  const [open, sending] = [new OpenStream(), new Sending()];
  const stream = { writableLength: 100 } as ServerHttp2Stream;
  const response = { taken: 100 };
  open.answer = response;
  for (let now = 0; now < 1_000; now += 5) {
    response.taken += 100;
    sending.restart();
    expect(open.look(stream, sending, now, limits)).toBe(false);
  }
  sending.restart();
  expect([1_000, 1_010].map((now) => open.look(stream, sending, now, limits))).toEqual([false, true]);
});

test("an answer that waits is not held to have stopped while the connection sends what was ahead of it", () => {
  const limits = { ...DOOR_LIMITS, stallTimeout: 10 };
  const sending = new Sending();
  const [waiting, moving] = [new OpenStream(), new OpenStream()];
  const [ahead, behind] = [{ writableLength: 1_000 } as ServerHttp2Stream, { writableLength: 500 } as ServerHttp2Stream];
  const response = { taken: 1_000 };
  moving.answer = response;
  const stopped = (now: number) => {
    response.taken += 100;
    sending.restart();
    moving.look(ahead, sending, now, limits);
    return waiting.look(behind, sending, now, limits) && waiting.hasStopped(behind, sending, now, limits);
  };
  const times = Array.from({ length: 40 }, (_, index) => index);
  // 100 bytes go out each time, and 1,500 wait.
  expect(times.findIndex(stopped)).toBe(16);
});
