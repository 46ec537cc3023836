// Who misuses a connection loses it, and with it for a while the way in; nobody else notices.
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { ACCESS_LIMITS, type AccessLimits } from "../../src/access/limits.ts";
import type { Handle } from "../../src/rpc/http/listen.ts";
import { END_HEADERS, frame, GREETING, literal, postHeaders, TYPE, word } from "../abuse/frames.ts";
import { eventually } from "../outside/eventually.ts";
import { certificate, getHttp2, gone, hello, must, openDoor, openSession, openSocket, openTlsSocket, SHORT } from "./doors.ts";

/** Limits that bind this machine, too. */
function binding(address: Partial<AccessLimits["address"]> = {}): () => AccessLimits {
  const limits = {
    ...ACCESS_LIMITS,
    address: { ...ACCESS_LIMITS.address, ...address },
    exempt: { principals: new Set<string>(), addresses: [], address: (from: string) => from === "127.0.0.1" },
  };
  return () => limits;
}

/** A connection from another address of this machine, which is not exempt. */
async function foreigner(port: number, localAddress = "127.0.0.66"): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** The codes of the GOAWAY frames in what a server has sent. */
function goaways(bytes: Buffer): number[] {
  const codes: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes.readUInt8(at + 3) === TYPE.GOAWAY && at + 17 <= bytes.length) codes.push(bytes.readUInt32BE(at + 13));
  return codes;
}

/** Sends the pieces that `next` makes until the server closes; the codes of its GOAWAY frames. */
async function flood(socket: Socket, first: Buffer, next: () => Buffer): Promise<number[]> {
  const heard: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => heard.push(chunk));
  socket.write(first);
  const closed = gone(socket);
  while (!socket.destroyed && socket.writable) {
    const piece = next();
    if (socket.write(piece)) await new Promise(setImmediate);
    else await Promise.race([once(socket, "drain").catch(() => {}), closed]);
  }
  await closed;
  return goaways(Buffer.concat(heard));
}

const many = (one: Buffer, count = 1_000) => Buffer.concat(Array.from({ length: count }, () => one));
const openPost = frame(TYPE.HEADERS, END_HEADERS, 1, Buffer.concat([Buffer.from([0x83, 0x86, 0x84]), literal(":authority", "a")]));
const endless = frame(TYPE.HEADERS, 0, 1, Buffer.from([0x83, 0x86, 0x84]));

describe("an HTTP/2 connection is ended by its own frames", () => {
  test.each<[string, Buffer, Buffer]>([
    ["SETTINGS", GREETING, many(frame(TYPE.SETTINGS, 0, 0))],
    ["PING", GREETING, many(frame(TYPE.PING, 0, 0, Buffer.alloc(8)))],
    ["WINDOW_UPDATE", GREETING, many(frame(TYPE.WINDOW, 0, 0, word(1)))],
    ["PRIORITY", GREETING, many(frame(TYPE.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 16])))],
    ["a type that nobody knows", GREETING, many(frame(0xee, 0, 0))],
    ["DATA without a byte", Buffer.concat([GREETING, openPost]), many(frame(TYPE.DATA, 0, 1))],
    ["CONTINUATION", Buffer.concat([GREETING, endless]), many(frame(TYPE.CONTINUATION, 0, 1, literal("a", "b")))],
    ["CONTINUATION without a byte", Buffer.concat([GREETING, endless]), many(frame(TYPE.CONTINUATION, 0, 1))],
    ["DATA beyond its request's", Buffer.concat([GREETING, openPost]), many(frame(TYPE.DATA, 0, 1, Buffer.alloc(16_000)), 4)],
  ])("%s", async (_, first, piece) => {
    const door = await openDoor(hello, { limits: SHORT });
    const other = await openSession(door.url);
    const socket = await openSocket(door.port);
    const codes = await flood(socket, first, () => piece);
    // Where it has not lost it on the way, its peer is told why.
    for (const code of codes)
      expect([
        constants.NGHTTP2_ENHANCE_YOUR_CALM,
        constants.NGHTTP2_INTERNAL_ERROR,
        constants.NGHTTP2_PROTOCOL_ERROR,
        constants.NGHTTP2_FLOW_CONTROL_ERROR,
      ]).toContain(code);
    expect((await getHttp2(other)).body).toBe("hello");
  });

  test("requests that are given up before they are answered, however slowly", async () => {
    let begun = 0;
    const door = await openDoor(() => void begun++, { limits: { ...SHORT, thrownAway: { burst: 20, perSecond: 0.1 } } });
    const socket = await openSocket(door.port);
    let stream = -1;
    const codes = await flood(socket, GREETING, () => {
      stream += 2;
      return Buffer.concat([postHeaders(stream, true), frame(TYPE.RESET, 0, stream, word(constants.NGHTTP2_CANCEL))]);
    });
    expect(codes).toContain(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(begun).toBeLessThan(900);
  });

  test("but not requests that are given up when they have begun to be answered", async () => {
    const begun: Handle = (_req, res) => void ("stream" in res && res.stream.respond({ ":status": 200 }));
    const door = await openDoor(begun, { limits: { ...SHORT, thrownAway: { burst: 1, perSecond: 0.1 } } });
    const session = await openSession(door.url);
    for (let again = 0; again < 50; again++) {
      const stream = session.request();
      await once(stream, "response");
      stream.close(constants.NGHTTP2_CANCEL);
      await once(stream, "close");
    }
    expect(session.destroyed).toBe(false);
  });
});

describe("an HTTP/1.1 connection", () => {
  test("is ended by a body without end, of which no more is read than that takes", async () => {
    const waste = { burst: 1024 * 1024, perSecond: 1024 };
    const door = await openDoor((_req, res) => void res.end("enough"), { limits: { ...SHORT, waste } });
    const socket = await openSocket(door.port, true);
    const chunk = Buffer.from(`4000\r\n${"x".repeat(16_384)}\r\n`);
    await flood(socket, Buffer.from("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), () => chunk);
    expect(socket.bytesWritten).toBeLessThan((5 * 1024 ** 3) / 50);
  });

  test("carries large requests one after the other, where a caller was admitted for them", async () => {
    const size = 4 * 1024 * 1024;
    const door = await openDoor(
      async (req, res, _delivery, neighbour) => {
        neighbour.admitted(size);
        await buffer(req);
        res.end("taken");
      },
      { limits: { ...SHORT, waste: { burst: 1024, perSecond: 1 } } },
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ports = new Set<number | undefined>();
    for (let again = 0; again < 10; again++) {
      const asked = request(door.url, { method: "POST", agent });
      asked.end(Buffer.alloc(size));
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      ports.add(answer.socket.localPort);
      expect(await text(answer)).toBe("taken");
    }
    expect(ports.size).toBe(1);
  });

  test("is ended by hundreds of requests that wait for no answer", async () => {
    let begun = 0;
    const door = await openDoor(() => void begun++, { limits: SHORT });
    const socket = await openSocket(door.port);
    await flood(socket, Buffer.alloc(0), () => Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(50)));
    expect(begun).toBeLessThan(1_000);
  });
});

describe("an address", () => {
  test("that misuses connections is not let in for a while, and no other is kept out", async () => {
    const door = await openDoor(hello, { limits: { ...SHORT, offences: { burst: 2, perSecond: 0.01 } }, access: binding() });
    const piece = many(frame(TYPE.PING, 0, 0, Buffer.alloc(8)), 5_000);
    for (let times = 0; times < 2; times++) await flood(await foreigner(door.port), GREETING, () => piece);
    const late = await foreigner(door.port);
    let answer = "";
    late.on("data", (bytes) => {
      answer += bytes;
    });
    late.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const elsewhere = await foreigner(door.port, "127.0.0.67");
    elsewhere.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(String((await once(elsewhere, "data"))[0])).toMatch(/ 200 OK/);
    expect(await (await fetch(door.url)).text()).toBe("hello");
    expect(answer).toBe("");
    await door.drain(0);
    await gone(late);
  });

  test("has so many connections, and so many new ones, and the log says how many were refused", async () => {
    const warned: object[] = [];
    const log = { warn: (facts: object) => void warned.push(facts), debug: () => undefined };
    const door = await openDoor(hello, { limits: SHORT, access: binding({ connections: 3 }), log });
    const open = await Promise.all(Array.from({ length: 5 }, () => foreigner(door.port)));
    for (const socket of open) socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const refused = () => warned.reduce((sum, facts) => sum + Number((facts as { refused: number }).refused), 0);
    const heard = () => open.filter(({ bytesRead }) => bytesRead > 0).length;
    await eventually(() => heard() === 3 && refused() === 2);
    expect(warned[0]).toMatchObject({ why: "too many of its address" });
  });

  test("of IPv4 is itself and this machine's is exempt, also where the port is of IPv6", async () => {
    const access = () => ({ ...ACCESS_LIMITS, address: { ...ACCESS_LIMITS.address, connects: { burst: 1, perSecond: 0.001 } } });
    const door = await openDoor(hello, { host: "::ffff:127.0.0.1", access });
    for (let again = 0; again < 3; again++) {
      const socket = await foreigner(door.port);
      socket.end("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(String((await once(socket, "data"))[0])).toMatch(/ 200 OK/);
    }
  });

  test("is let in anew as soon as one of its connections is closed", async () => {
    const door = await openDoor(hello, { limits: SHORT, access: binding({ connections: 1 }) });
    for (let again = 0; again < 5; again++) {
      const socket = await foreigner(door.port);
      socket.end("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      expect(String((await once(socket, "data"))[0])).toMatch(/ 200 OK/);
      await gone(socket);
    }
  });
});

describe("who has shown nothing", () => {
  const strangers = { address: 5, total: 1_000, grace: 20 };

  test("makes room for newcomers, the first of them first, and whoever was admitted stays", async () => {
    const admitting: Handle = (_req, res, _delivery, neighbour) => {
      neighbour.admitted(0);
      res.end("hello");
    };
    const door = await openDoor(admitting, { limits: { ...SHORT, strangers }, access: binding() });
    const known = await foreigner(door.port);
    known.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(known, "data");
    const silent = [];
    for (let number = 0; number < 20; number++) silent.push(await foreigner(door.port));
    await Promise.all(silent.slice(0, 15).map(gone));
    expect(silent.filter(({ destroyed }) => !destroyed)).toHaveLength(5);
    known.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(String((await once(known, "data"))[0])).toMatch(/ 200 OK/);
  });

  test("makes room over all addresses, this machine's too", async () => {
    const door = await openDoor(hello, { limits: { ...SHORT, strangers: { address: 1_000, total: 10, grace: 20 } } });
    const silent = [];
    for (let number = 0; number < 30; number++) silent.push(await openSocket(door.port));
    await Promise.all(silent.slice(0, 20).map(gone));
    expect(await (await fetch(door.url)).text()).toBe("hello");
  });

  test.skipIf(certificate === undefined)("makes room over TLS when the handshake is over", async () => {
    const door = await openDoor(hello, { tls: must(certificate), limits: { ...SHORT, strangers }, access: binding() });
    const sockets = await Promise.all(Array.from({ length: 7 }, () => foreigner(door.port)));
    for (const socket of sockets) await openTlsSocket(socket, "h2");
    await gone(must(sockets[0]));
    await gone(must(sockets[1]));
    expect(sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(5);
  });

  test("does not keep out a crowd that comes at once", async () => {
    const admitting: Handle = (_req, res, _delivery, neighbour) => {
      neighbour.admitted(0);
      res.end("hello");
    };
    const door = await openDoor(admitting, { limits: { ...SHORT, strangers: { ...strangers, grace: 60_000 } }, access: binding() });
    const crowd = await Promise.all(Array.from({ length: 300 }, () => foreigner(door.port)));
    const answers = crowd.map(async (socket) => {
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return String((await once(socket, "data"))[0]);
    });
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/ 200 OK/);
  });
});
