import { once } from "node:events";
import { Agent, get, type IncomingMessage, type ServerResponse } from "node:http";
import { constants } from "node:http2";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { getHttp2, gone, hello, openDoor, openSession, openSocket } from "./doors.ts";

/** A GET on a kept connection; resolves with the head of its answer. */
async function getKept(url: string): Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const [response] = await once(get(url, { agent }), "response");
  return response as IncomingMessage;
}

/** A handler whose answers wait until they are let go; `arrived(n)` resolves at the n-th request. */
function held() {
  const release: Array<() => void> = [];
  const waiters: Array<() => void> = [];
  const arrived = async (count: number) => {
    while (release.length < count) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const add = (answer: () => void) => {
    release.push(answer);
    for (const wake of waiters.splice(0)) wake();
  };
  return { add, arrived, releaseAll: () => release.forEach((answer) => void answer()) };
}

describe("drain", () => {
  test("lets open requests finish on both protocols, sends GOAWAY and Connection: close, and accepts nothing new", async () => {
    const { add, arrived, releaseAll } = held();
    const door = await openDoor((_req, res) => add(() => res.end("done")));
    const http1 = getKept(door.url);
    const session = await openSession(door.url);
    const http2 = getHttp2(session);
    await arrived(2);
    const goaway = once(session, "goaway");
    const drained = door.drain(60_000);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    await expect(openSocket(door.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    releaseAll();
    const answer = await http1;
    expect([answer.headers.connection, await text(answer)]).toEqual(["close", "done"]);
    expect((await http2).body).toBe("done");
    await drained;
  });

  test("closes an HTTP/1.1 connection after a stream that had begun before, and one that is idle or silent at once", async () => {
    const { add, arrived, releaseAll } = held();
    const door = await openDoor((req, res, ...rest) => {
      if (req.url !== "/stream") return hello(req, res, ...rest);
      (res as ServerResponse).write("begun ");
      add(() => res.end("done"));
    });
    const silent = await openSocket(door.port);
    const idle = await getKept(door.url);
    expect(await text(idle)).toBe("hello");
    const streaming = await getKept(`${door.url}/stream`);
    await arrived(1);
    const drained = door.drain(60_000);
    await gone(silent);
    releaseAll();
    expect(await text(streaming)).toBe("begun done");
    await drained;
  });

  test("does not cut an answer that is complete but not yet read", async () => {
    const size = 30_000_000;
    const { add, arrived } = held();
    const door = await openDoor((_req, res) => {
      res.end(Buffer.alloc(size));
      add(() => undefined);
    });
    const sent = get(door.url);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    await arrived(1);
    const drained = door.drain(60_000);
    let got = 0;
    for await (const chunk of response) got += (chunk as Buffer).length;
    expect(got).toBe(size);
    await drained;
  });

  test("cuts off what has not finished in its grace, and a second call changes nothing", async () => {
    const { add, arrived } = held();
    const door = await openDoor((_req, res) => add(() => res.end()));
    const session = await openSession(door.url);
    const stream = session.request();
    stream.on("error", () => undefined);
    const socket = await openSocket(door.port);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await arrived(2);
    const ends = Promise.all([gone(socket), new Promise((resolve) => session.once("close", resolve))]);
    await Promise.all([door.drain(20), door.drain(60_000)]);
    await ends;
  });
});
