// Whether an answer that gives something has arrived: by what was heard of its connection afterwards.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { DoorLimits } from "../../src/rpc/http/door/limits.ts";
import type { Listening } from "../../src/rpc/http/listen.ts";
import { GREETING, postHeaders } from "../abuse/frames.ts";
import { certificate, getHttp2, gone, hello, must, openDoor, openSession, openSocket, openTlsSocket, SHORT } from "./doors.ts";

/** An answer at the moment when it gives something. */
interface Granting {
  /** Ends the answer. */
  answer(): void;
  /** Resolves when that has been handed to the system. */
  readonly ended: Promise<unknown>;
  /** Sends a message of it. */
  say(): void;
  /** Somebody else has shown that he knows of it. */
  known(): void;
}

/** A door whose answers to POST each give something; `told`: what it said of their arrival, in order. */
async function openGranting(limits: Partial<DoorLimits>, secure = false) {
  const told: boolean[] = [];
  const first = Promise.withResolvers<boolean>();
  const grantings: Granting[] = [];
  const asked = Promise.withResolvers<Granting>();
  const door = await openDoor(
    (req, res, delivery, ...rest) => {
      if (req.method !== "POST") return hello(req, res, delivery, ...rest);
      const handOver = () =>
        delivery.handOver((written) => {
          told.push(written);
          first.resolve(written);
        });
      let known = () => {};
      const granting = {
        answer: () => {
          known = handOver();
          (res as ServerResponse).end("yours");
        },
        ended: once(res, "close"),
        say: () => {
          known = handOver();
          (res as ServerResponse).write("yours");
        },
        known: () => known(),
      };
      grantings.push(granting);
      asked.resolve(granting);
    },
    { limits: { ...SHORT, pingInterval: 60_000, ...limits }, ...(secure ? { tls: must(certificate) } : {}) },
  );
  return { door, told, first: first.promise, asked: asked.promise, grantings };
}

const HTTP2 = Buffer.concat([GREETING, postHeaders(1, true)]);
const HTTP1 = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

/** Resolves once the peer has read the words. */
async function heard(socket: Socket, words: string): Promise<string> {
  let all = "";
  for (;;) {
    all += String(socket.read() ?? "");
    if (all.includes(words)) return all;
    await once(socket, "readable");
  }
}

/** A connection, and what it goes over. */
async function openWire(port: number, protocol: "h2" | "http/1.1", secure: boolean): Promise<{ socket: Socket; wire: Socket }> {
  const wire = await openSocket(port, protocol === "http/1.1");
  return { socket: secure ? await openTlsSocket(wire, protocol) : wire, wire };
}

/** How a connection, or what it goes over, fails. */
async function failure(...sockets: readonly Socket[]): Promise<unknown> {
  const [error] = await Promise.race(sockets.map((socket) => once(socket, "error")));
  return error;
}

/** Waits until the door has seen every connection closed. */
async function closed(door: Listening): Promise<void> {
  await door.drain(5_000);
  // Node tells of a closed server before it has told of all that closed with it.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const WAYS =
  certificate === undefined
    ? [["clear text", false] as const]
    : ([
        ["clear text", false],
        ["TLS", true],
      ] as const);

describe.each(WAYS)("over HTTP/2, %s, an answer that gives something", (_way, secure) => {
  const open = (port: number) => openWire(port, "h2", secure);

  test("is asked about soon, and has arrived when its peer answers the PING, whatever comes then", async () => {
    const { door, told, asked } = await openGranting({ pingTimeout: 60_000 }, secure);
    const session = await openSession(door.url, secure ? { ca: must(certificate).cert } : {});
    const stream = session.request({ ":method": "POST" });
    const ping = once(session, "ping");
    stream.resume();
    (await asked).answer();
    await ping;
    // Behind this request the answer to the PING has arrived.
    expect((await getHttp2(session)).body).toBe("hello");
    session.destroy();
    await closed(door);
    expect(told).toEqual([]);
  });

  test("is asked about together with others of the same moment", async () => {
    const { door, told, grantings } = await openGranting({ pingTimeout: 60_000, askAfter: 50 }, secure);
    const session = await openSession(door.url, secure ? { ca: must(certificate).cert } : {});
    let pings = 0;
    session.on("ping", () => pings++);
    const bodies = Array.from({ length: 10 }, () => text(session.request({ ":method": "POST" })));
    // Behind this request all of them have arrived.
    await getHttp2(session);
    for (const granting of grantings) granting.answer();
    await Promise.all([...bodies, once(session, "ping")]);
    expect((await getHttp2(session)).body).toBe("hello");
    expect(pings).toBeLessThan(bodies.length);
    session.destroy();
    await closed(door);
    expect(told).toEqual([]);
  });

  test("whose peer says nothing more is lost, and the connection is cut off, within the time for a PING", async () => {
    const { door, first, asked } = await openGranting({ pingTimeout: 50 }, secure);
    const { socket, wire } = await open(door.port);
    const broken = failure(socket, wire);
    socket.write(HTTP2);
    (await asked).answer();
    await heard(socket, "yours");
    expect(await first).toBe(true);
    // Not in good order: what is still on its way must not arrive any more.
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
  });

  test("has arrived when its peer closes in good order", async () => {
    const { door, told, asked } = await openGranting({ pingTimeout: 60_000 }, secure);
    const { socket } = await open(door.port);
    socket.write(HTTP2);
    (await asked).answer();
    await heard(socket, "yours");
    socket.end();
    await gone(socket);
    await closed(door);
    expect(told).toEqual([]);
  });

  test("is lost when the connection breaks before anything was heard", async () => {
    const { door, first, asked } = await openGranting({ pingTimeout: 60_000 }, secure);
    const { socket, wire } = await open(door.port);
    socket.write(HTTP2);
    const { answer, ended } = await asked;
    // What is closed with bytes unread is reset.
    wire.pause();
    answer();
    await ended;
    wire.destroy();
    expect(await first).toBe(true);
  });

  test("is not lost, whatever happens, when somebody has shown that he knows of it", async () => {
    const { door, told, asked } = await openGranting({ pingTimeout: 50 }, secure);
    const { socket } = await open(door.port);
    socket.write(HTTP2);
    const granting = await asked;
    granting.answer();
    await heard(socket, "yours");
    granting.known();
    socket.destroy();
    await closed(door);
    expect(told).toEqual([]);
  });

  test("that was not written when the connection went is lost before it was written", async () => {
    const { door, told, asked } = await openGranting({ pingTimeout: 60_000 }, secure);
    const { socket } = await open(door.port);
    socket.write(HTTP2);
    const granting = await asked;
    socket.destroy();
    await closed(door);
    granting.answer();
    expect(told).toEqual([false]);
  });

  test("in the midst of a stream is asked about, and may be followed by the end of the stream", async () => {
    const { door, told, asked } = await openGranting({ pingTimeout: 60_000 }, secure);
    const session = await openSession(door.url, secure ? { ca: must(certificate).cert } : {});
    const stream = session.request({ ":method": "POST" });
    const ping = once(session, "ping");
    const message = once(stream, "data");
    (await asked).say();
    await Promise.all([ping, message]);
    stream.close();
    expect((await getHttp2(session)).body).toBe("hello");
    session.destroy();
    await closed(door);
    expect(told).toEqual([]);
  });

  test("in the midst of a stream whose peer says nothing more is lost", async () => {
    const { door, first, asked } = await openGranting({ pingTimeout: 50 }, secure);
    const { socket } = await open(door.port);
    socket.write(HTTP2);
    (await asked).say();
    await heard(socket, "yours");
    expect(await first).toBe(true);
    await gone(socket);
  });
});

describe.each(WAYS)("over HTTP/1.1, %s, an answer that gives something after a long wait", (_way, secure) => {
  const open = (port: number) => openWire(port, "http/1.1", secure);
  const ask = async (limits: Partial<DoorLimits>) => {
    const granting = await openGranting({ longWait: 0, ...limits }, secure);
    const { socket, wire } = await open(granting.door.port);
    socket.write(HTTP1);
    (await granting.asked).answer();
    const answer = await heard(socket, "yours");
    expect(answer).toMatch(/^connection: close\r$/im);
    return { ...granting, socket, wire };
  };

  test("asks its peer to close, and has arrived when that is done", async () => {
    const { door, told, socket } = await ask({ closeTimeout: 60_000 });
    socket.end();
    await gone(socket);
    await closed(door);
    expect(told).toEqual([]);
  });

  test.skipIf(secure)("has arrived when its peer says anything", async () => {
    const { door, told, socket } = await ask({ closeTimeout: 60_000 });
    socket.write("G");
    await closed(door);
    expect(told).toEqual([]);
  });

  test("is lost when its peer does not close in time, or resets the connection", async () => {
    const silent = await ask({ closeTimeout: 50 });
    expect(await silent.first).toBe(true);
    const reset = await ask({ closeTimeout: 60_000 });
    reset.wire.resetAndDestroy();
    expect(await reset.first).toBe(true);
  });

  test("but one that came at once keeps the connection, and has arrived as soon as it was written", async () => {
    const { door, told, asked } = await openGranting({ longWait: 60_000 }, secure);
    const { socket, wire } = await open(door.port);
    socket.write(HTTP1);
    (await asked).answer();
    expect(await heard(socket, "yours")).not.toMatch(/^connection: close\r$/im);
    wire.resetAndDestroy();
    await closed(door);
    expect(told).toEqual([]);
  });
});
