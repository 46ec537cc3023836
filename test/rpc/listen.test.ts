import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { listen } from "../../src/rpc/http/listen.ts";
import { frame, GREETING, postHeaders } from "../abuse/frames.ts";
import { certificate, getHttp2, gone, hello, must, openDoor, openSession, openSocket, SHORT } from "./doors.ts";

describe("one port", () => {
  test("serves HTTP/1.1 and HTTP/2 in clear text", async () => {
    const door = await openDoor((req, res) => void res.end(req.httpVersion));
    const http1 = await fetch(door.url);
    expect([http1.status, await http1.text()]).toEqual([200, "1.1"]);
    expect(await getHttp2(await openSession(door.url))).toEqual({ status: 200, body: "2.0" });
  });

  test("hands request bodies over whole, on both protocols", async () => {
    const door = await openDoor((req, res) => void text(req).then((body) => res.end(`got ${body.length}`)));
    const body = "x".repeat(200_000);
    expect(await (await fetch(door.url, { method: "POST", body })).text()).toBe("got 200000");
    const stream = (await openSession(door.url)).request({ ":method": "POST" });
    stream.end(body);
    expect(await text(stream)).toBe("got 200000");
  });

  test.each([
    ["HTTP/1.1", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "hello"],
    ["HTTP/2", GREETING.toString("latin1"), "\0\0"],
  ])("recognises %s from bytes that come one by one", async (_name, bytes, answer) => {
    const door = await openDoor(hello);
    const socket = await openSocket(door.port);
    socket.setNoDelay(true);
    for (const byte of Buffer.from(bytes, "latin1")) await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    let heard = "";
    for await (const chunk of socket) {
      heard += (chunk as Buffer).toString("latin1");
      if (heard.includes(answer)) break;
    }
    expect(heard).toContain(answer);
  });

  test("says which port it took, and rejects when the port is taken", async () => {
    const door = await openDoor(hello);
    expect(door.host).toBe("127.0.0.1");
    const second = listen({ host: door.host, port: door.port, handle: hello, log: { warn: () => undefined, debug: () => undefined } });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("refuses connections beyond its limit, says so once, and takes new ones when others have left", async () => {
    const warnings: object[] = [];
    const warned = Promise.withResolvers<void>();
    const warn = (facts: object) => {
      warnings.push(facts);
      warned.resolve();
    };
    const door = await openDoor(hello, { limits: { ...SHORT, maxConnections: 1 }, log: { warn, debug: () => undefined } });
    const first = await openSession(door.url);
    expect((await getHttp2(first)).body).toBe("hello");
    await gone(await openSocket(door.port));
    await warned.promise;
    expect(warnings).toEqual([{ refused: 1, limit: 1 }]);
    expect((await getHttp2(first)).body).toBe("hello");
  });
});

describe("nothing that a peer sends ends the process", () => {
  const garbage = [
    "\0\0\0\0",
    "GET",
    "GET / HTTP/9.9\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01",
    "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    `${GREETING.toString("latin1")}${"\xff".repeat(64)}`,
    `GET / HTTP/1.1\r\n${"a: b\r\n".repeat(5000)}\r\n`,
  ];
  test.each(garbage)("%j", async (bytes) => {
    const door = await openDoor(hello);
    const socket = await openSocket(door.port);
    socket.end(Buffer.from(bytes, "latin1"));
    await gone(socket);
    expect((await getHttp2(await openSession(door.url))).body).toBe("hello");
  });

  const refused: [string, number][] = [
    ["GET\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(5000)}\r\n`, 431],
    ["GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nConnection: close\r\n\r\n", 417],
  ];
  test.each(refused)("%j is refused, with the header that every answer has, and closed", async (bytes, status) => {
    const door = await openDoor(hello);
    const socket = await openSocket(door.port);
    socket.write(bytes);
    const answer = await text(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/x-content-type-options: nosniff/i);
  });

  test("nothing is written into an answer that is on its way when what follows is no request", async () => {
    const door = await openDoor((_req, res) => void (res as ServerResponse).write("begun"));
    const socket = await openSocket(door.port);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const chunks: string[] = [];
    for await (const chunk of socket.setEncoding("latin1")) {
      chunks.push(String(chunk));
      if (chunks.length === 1) socket.write("\0\0\0\r\n\r\n");
    }
    expect(chunks.join("")).toMatch(/begun\r\n$/);
  });

  test("a connection reset in the middle of a request", async () => {
    const requests: Array<() => void> = [];
    const closed: Promise<unknown>[] = [];
    const door = await openDoor((_req, res) => {
      closed.push(once(res, "close"));
      for (const arrived of requests.splice(0)) arrived();
    });
    const arrival = () => new Promise<void>((resolve) => requests.push(resolve));
    const http1 = await openSocket(door.port);
    const first = arrival();
    http1.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    await first;
    http1.resetAndDestroy();
    const http2 = await openSocket(door.port);
    const second = arrival();
    http2.write(Buffer.concat([GREETING, Buffer.from("000006010400000001838684410161", "hex")]));
    await second;
    http2.resetAndDestroy();
    expect(await Promise.all(closed)).toHaveLength(2);
  });

  // Node tells of a request in a later turn than it reads it, and by then its connection has failed.
  test("a request over HTTP/2, and with it bytes for which its connection ends", async () => {
    const door = await openDoor(hello);
    const twice = [1, 1].map((stream) => postHeaders(stream, true));
    for (const fault of [Buffer.concat(twice), frame(1, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff])), frame(0, 0, 0)]) {
      const socket = await openSocket(door.port);
      socket.write(Buffer.concat([GREETING, postHeaders(1, true), fault]));
      await gone(socket);
    }
    expect((await getHttp2(await openSession(door.url))).body).toBe("hello");
  });

  test("a handler that throws, at once or later, answers 500", async () => {
    const door = await openDoor((req) => {
      if (req.url === "/later") return Promise.reject(new Error("later"));
      throw new Error("at once");
    });
    const session = await openSession(door.url);
    for (const where of ["/now", "/later"]) {
      expect((await fetch(door.url + where)).status).toBe(500);
      expect((await getHttp2(session, where)).status).toBe(500);
    }
  });

  test("a request without a usable host that the handler trips over answers 400", async () => {
    const door = await openDoor((req, res) => void res.end(new URL(`http://${req.headers.host}`).host));
    const response = await openSocket(door.port);
    response.write("GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n");
    expect(await text(response)).toMatch(/^HTTP\/1.1 400/);
  });
});

describe.skipIf(certificate === undefined)("TLS", () => {
  test("gives HTTP/2 and HTTP/1.1 to whom ALPN says, and no clear text", async () => {
    const tls = must(certificate);
    const door = await openDoor((req, res) => void res.end(req.httpVersion), { tls });
    expect(await getHttp2(await openSession(door.url, { ca: tls.cert }))).toEqual({ status: 200, body: "2.0" });
    const agents = [{ ALPNProtocols: ["http/1.1"] }, {}].map((alpn) => new Agent({ ...alpn, ca: tls.cert, keepAlive: true }));
    for (const agent of agents) {
      const sent = request(door.url, { agent }).end();
      const [response] = await once(sent, "response");
      expect(await text(response)).toBe("1.1");
    }
    const clear = await openSocket(door.port);
    clear.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await text(clear).catch(() => "")).toBe("");
    await door.drain(5_000);
  });

  test("cuts off an unfinished handshake and dripped headers", async () => {
    const tls = must(certificate);
    const door = await openDoor(hello, { tls, limits: { ...SHORT, handshakeTimeout: 500, headersTimeout: 50 } });
    await gone(await openSocket(door.port));
    const sent = request(door.url, { ca: tls.cert, method: "POST", headers: { "content-length": 10 } });
    sent.on("error", () => undefined);
    sent.once("socket", (socket) => socket.once("secureConnect", () => socket.write("POST / HT")));
    await new Promise((resolve) => sent.once("close", resolve));
    expect((await getHttp2(await openSession(door.url, { ca: tls.cert }))).body).toBe("hello");
  });
});
