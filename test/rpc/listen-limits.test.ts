import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { constants, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import { describe, expect, test } from "vitest";
import { DOOR_LIMITS } from "../../src/rpc/http/door/limits.ts";
import { Backlog } from "../../src/rpc/http/door/stopwatch.ts";
import type { Handle } from "../../src/rpc/http/listen.ts";
import { frame, GREETING, postHeaders } from "../abuse/frames.ts";
import { drip, getHttp2, gone, hello, openDoor, openSession, openSocket, SHORT } from "./doors.ts";

/** WINDOW_UPDATE by 1: valid bytes that ask for nothing. */
const CHATTER = frame(8, 0, 0, Buffer.from([0, 0, 0, 1]));

/** Writes for as long as the peer takes it, as a handler should; `most`: what waited at most; `closed`: when the answer was cut off. */
function endless(chunkBytes: number) {
  const seen = { most: 0, closed: Promise.withResolvers<void>() };
  const handle: Handle = (_req, res) => {
    const out = "stream" in res ? (res.stream as ServerHttp2Stream) : res;
    const write = () => {
      while (!out.closed && out.write(Buffer.alloc(chunkBytes))) seen.most = Math.max(seen.most, out.writableLength);
      seen.most = Math.max(seen.most, out.writableLength);
    };
    out.on("drain", write);
    out.once("close", () => seen.closed.resolve());
    write();
  };
  return { handle, seen };
}

describe("a slow-loris is cut off, and others are served meanwhile", () => {
  const limits = { ...SHORT, prefaceTimeout: 60, headersTimeout: 60, bodyTimeout: 120 };
  const preface = GREETING.subarray(0, 24);
  const attacks: [string, Buffer | string, Buffer | string][] = [
    ["says nothing", "", ""],
    ["drips HTTP/1.1 headers", "GET / HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n".repeat(1000)],
    ["drips an HTTP/1.1 body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n", "x".repeat(9000)],
    ["never finishes the HTTP/2 preface", preface.subarray(0, 20), ""],
  ];
  test.each(attacks)("one that %s", async (_name, first, then) => {
    const door = await openDoor(hello, { limits });
    const other = await openSession(door.url);
    const socket = await openSocket(door.port);
    socket.write(first);
    drip(socket, then);
    const end = gone(socket);
    expect((await getHttp2(other)).body).toBe("hello");
    await end;
    expect((await getHttp2(other)).body).toBe("hello");
  });

  test("one that drips an HTTP/2 body loses the stream, not the session", async () => {
    const door = await openDoor(() => undefined, { limits });
    const session = await openSession(door.url);
    const stream = session.request({ ":method": "POST" });
    stream.on("error", () => undefined);
    const timer = setInterval(() => stream.write("x"), 5);
    await new Promise((resolve) => stream.once("close", resolve));
    clearInterval(timer);
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(session.destroyed).toBe(false);
  });

  test("a conversation, where both sides talk, is not a slow body", async () => {
    const door = await openDoor(
      (req, res) => {
        (res as Http2ServerResponse).write("welcome");
        req.on("data", (chunk: Buffer) => void (chunk.includes("bye") ? res.end("bye") : undefined));
      },
      { limits: { ...SHORT, bodyTimeout: 20, pingInterval: 20 } },
    );
    const session = await openSession(door.url);
    const stream = session.request({ ":method": "POST" });
    stream.write("hi");
    // Three pings, each after as much silence as a slow body would have been given.
    for (let pings = 0; pings < 3; pings++) await once(session, "ping");
    stream.end("bye");
    let heard = "";
    for await (const chunk of stream) heard += String(chunk);
    expect(heard).toBe("welcomebye");
  });
});

describe("an HTTP/2 session", () => {
  test("without streams is closed with GOAWAY, and one with a waiting stream is kept", async () => {
    const waiting = Promise.withResolvers<() => void>();
    const door = await openDoor((req, res) => void (req.url === "/wait" ? waiting.resolve(() => res.end("done")) : res.end()), {
      limits: { ...SHORT, idleTimeout: 100 },
    });
    const [idle, busy] = [await openSession(door.url), await openSession(door.url)];
    const answer = getHttp2(busy, "/wait");
    const [code] = await once(idle, "goaway");
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    (await waiting.promise)();
    expect((await answer).body).toBe("done");
  });

  test("whose peer does not answer PING is cut off, even with an open stream", async () => {
    const closed = Promise.withResolvers<void>();
    const door = await openDoor((_req, res) => void res.once("close", closed.resolve), {
      limits: { ...SHORT, pingInterval: 30, pingTimeout: 30 },
    });
    const socket = await openSocket(door.port);
    socket.write(Buffer.concat([GREETING, postHeaders(1, true)]));
    await gone(socket);
    await closed.promise;
  });

  test("whose peer answers PING is kept while nothing else is said", async () => {
    const waiting = Promise.withResolvers<() => void>();
    const door = await openDoor((_req, res) => waiting.resolve(() => res.end("done")), {
      limits: { ...SHORT, pingInterval: 20, pingTimeout: 2_000 },
    });
    const session = await openSession(door.url);
    const answer = getHttp2(session);
    for (let pings = 0; pings < 3; pings++) await once(session, "ping");
    (await waiting.promise)();
    expect((await answer).body).toBe("done");
  });

  test("that ends, while its peer keeps the connection half open and talks on, is cut off", async () => {
    const door = await openDoor(hello, { limits: { ...SHORT, idleTimeout: 30, pingInterval: 30, pingTimeout: 30 } });
    const socket = await openSocket(door.port, true);
    socket.write(GREETING);
    const timer = setInterval(() => socket.write(CHATTER), 5);
    await gone(socket);
    clearInterval(timer);
  });

  test("takes a thousand waiting streams at once", async () => {
    const answers: Array<() => void> = [];
    const all = Promise.withResolvers<void>();
    const door = await openDoor((_req, res) => {
      answers.push(() => res.end("done"));
      if (answers.length === 1000) all.resolve();
    });
    const session = await openSession(door.url);
    session.setMaxListeners(0);
    const got = Promise.all(Array.from({ length: 1000 }, () => getHttp2(session)));
    await all.promise;
    for (const answer of answers) answer();
    expect((await got).filter(({ body }) => body === "done")).toHaveLength(1000);
  });

  /** Sends streams that are given up at once, then two PINGs, one after the other; how many are answered before the connection is closed. */
  async function giveUp(count: number): Promise<number> {
    const door = await openDoor(() => undefined);
    const socket = await openSocket(door.port);
    const streams = Array.from({ length: count }, (_, index) => 2 * index + 1);
    const given = streams.flatMap((stream) => [postHeaders(stream, true), frame(3, 0, stream, Buffer.from([0, 0, 0, 8]))]);
    const pings = [Buffer.from("once now"), Buffer.from("and then")];
    socket.write(Buffer.concat([GREETING, ...given, frame(6, 0, 0, pings[0])]));
    let heard = Buffer.alloc(0);
    let answered = 0;
    for await (const chunk of socket) {
      heard = Buffer.concat([heard, chunk as Buffer]);
      if (!heard.includes(pings[answered] ?? "")) continue;
      answered += 1;
      if (answered === pings.length) break;
      socket.write(frame(6, 0, 0, pings[answered]));
    }
    return answered;
  }

  test("whose peer gives up hundreds of streams, as many holds do, is kept", async () => {
    expect(await giveUp(800)).toBe(2);
  });

  test("whose peer gives up thousands at once is cut off", async () => {
    expect(await giveUp(5_000)).toBeLessThan(2);
  });
});

describe("a reader that has stopped is cut off, and holds no memory without bound", () => {
  const limits = { ...SHORT, stallTimeout: 60 };
  const BOUND = 256 * 1024;

  test("on HTTP/1.1", async () => {
    const { handle, seen } = endless(32 * 1024);
    const door = await openDoor(handle, { limits });
    const socket = await openSocket(door.port);
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await seen.closed.promise;
    expect(seen.most).toBeLessThan(BOUND);
  });

  test("on one HTTP/2 stream, with ENHANCE_YOUR_CALM, while its session goes on", async () => {
    const { handle, seen } = endless(32 * 1024);
    const door = await openDoor((req, ...rest) => (req.url === "/hello" ? hello : handle)(req, ...rest), { limits });
    const session = await openSession(door.url);
    const stream = session.request();
    stream.on("error", () => undefined);
    await Promise.all([seen.closed.promise, new Promise((resolve) => stream.once("close", resolve))]);
    expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(seen.most).toBeLessThan(BOUND);
    expect((await getHttp2(session, "/hello")).body).toBe("hello");
  });

  test("on a whole HTTP/2 connection, though it goes on sending", async () => {
    const { handle, seen } = endless(32 * 1024);
    const door = await openDoor(handle, { limits });
    const socket = await openSocket(door.port);
    socket.pause();
    const windows = [0, 1].map((stream) => frame(8, 0, stream, Buffer.from([0x3f, 0, 0, 0])));
    socket.write(Buffer.concat([GREETING, postHeaders(1, true), ...windows]));
    const timer = setInterval(() => socket.write(CHATTER), 5);
    await seen.closed.promise;
    await gone(socket);
    clearInterval(timer);
    expect(seen.most).toBeLessThan(BOUND);
  });

  test("a handler that ignores backpressure is stopped at the bound", async () => {
    const closed = Promise.withResolvers<void>();
    const door = await openDoor(
      (_req, res) => {
        const out = res as ServerResponse;
        for (let n = 0; n < 300; n++) out.write(Buffer.alloc(64 * 1024));
        res.once("close", closed.resolve);
      },
      { limits: { ...SHORT, maxBacklog: 1024 * 1024 } },
    );
    const socket = await openSocket(door.port);
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await closed.promise;
  });
});

describe("a backlog", () => {
  const limits = { ...DOOR_LIMITS, stallTimeout: 10 };

  test("that moves is never stuck, however slowly", () => {
    const backlog = new Backlog();
    for (let now = 0; now < 1000; now += 9) expect(backlog.stuck(100, now, now, limits)).toBe(false);
  });

  test("of nothing is never stuck, and time counts from the first byte that waits", () => {
    const backlog = new Backlog();
    expect(backlog.stuck(0, 0, 0, limits)).toBe(false);
    expect(backlog.stuck(0, 0, 500, limits)).toBe(false);
    expect(backlog.stuck(100, 0, 509, limits)).toBe(false);
    expect(backlog.stuck(100, 0, 510, limits)).toBe(true);
  });

  test("in one large chunk has its time for each 64 KiB, up to six times", () => {
    const stuckAt = (waiting: number) => {
      const backlog = new Backlog();
      let now = 0;
      while (!backlog.stuck(waiting, 0, now, limits)) now++;
      return now;
    };
    expect([1, 65_536, 65_537, 200_000, 10_000_000].map(stuckAt)).toEqual([10, 10, 20, 40, 60]);
    expect(stuckAt(DOOR_LIMITS.maxBacklog + 1)).toBe(0);
  });
});

describe("an HTTP/1.1 request that is answered before all of it has come", () => {
  const early: Handle = (_req, res) => void res.end("enough");

  test("is read on, and the connection ends with it: what comes next on it could be anything", async () => {
    const door = await openDoor(early, { limits: SHORT });
    const socket = await openSocket(door.port, true);
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    const ended = once(socket, "end");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    await ended;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nConnection: close\r\n/);
    for (let piece = 0; piece < 20; piece++) await new Promise((taken) => socket.write(`4000\r\n${"x".repeat(16_384)}\r\n`, taken));
    socket.end("0\r\n\r\n");
    await gone(socket);
    expect(socket.errored).toBeNull();
  });

  test("is cut off when its time is over", async () => {
    const door = await openDoor(early, { limits: { ...SHORT, headersTimeout: 60, bodyTimeout: 120 } });
    const socket = await openSocket(door.port, true);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
    drip(socket, "x".repeat(100_000));
    await gone(socket);
  });

  test("leaves the connection open where its small body lies there already", async () => {
    const door = await openDoor(early, { limits: SHORT });
    const socket = await openSocket(door.port);
    const request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nsmall";
    for (let again = 0; again < 2; again++) {
      socket.write(request);
      const [answer] = await once(socket, "data");
      expect(String(answer)).toMatch(/\r\nConnection: keep-alive\r\n/);
    }
  });
});
