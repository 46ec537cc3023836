// What is only looked at lets others go before.
import { once } from "node:events";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { Handle } from "../../src/rpc/http/listen.ts";
import { getHttp2, must, openDoor, openSession, openSocket } from "./doors.ts";

/** What was begun, in order; to begin a look takes a millisecond of the processor. */
function recording(): { readonly handle: Handle; readonly begun: string[] } {
  const begun: string[] = [];
  const handle: Handle = ({ url = "" }, res) => {
    if (url !== "/first") begun.push(url);
    const until = performance.now() + 1;
    if (url.startsWith("/look")) while (performance.now() < until);
    res.end("hello");
  };
  return { handle, begun };
}

const isLook = (path: string) => path === "/look";
const LOOKS = 200;

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** A connection over which something was answered already. */
async function openUsed(port: number): Promise<Socket> {
  const socket = await openSocket(port);
  socket.write(get("/first"));
  await once(socket, "data");
  return socket;
}

/** Asks for all of it at once, each on a connection of its own, in this order. */
async function ask1(port: number, paths: readonly string[]): Promise<void> {
  const sockets = await Promise.all(paths.map(() => openUsed(port)));
  const answers = sockets.map((socket) => once(socket, "data"));
  for (const [index, socket] of sockets.entries()) socket.write(get(paths[index] ?? ""));
  await Promise.all(answers);
}

/** The same on one connection. */
async function ask2(port: number, paths: readonly string[]): Promise<void> {
  const session = await openSession(`http://127.0.0.1:${port}`);
  await Promise.all(paths.map((path) => getHttp2(session, path)));
}

test.each([
  ["HTTP/1.1", ask1],
  ["HTTP/2", ask2],
])("who asks for something else waits for few of those who look, and all of them are answered: %s", async (_, ask) => {
  const { handle, begun } = recording();
  const door = await openDoor(handle, { isLook });
  await ask(door.port, [...Array.from({ length: LOOKS }, () => "/look?at=1"), "/lease"]);
  expect(begun.length).toBe(LOOKS + 1);
  expect(begun.indexOf("/lease")).toBeLessThan(LOOKS / 2);
});

test("what is given up before it is begun never is", async () => {
  const { handle, begun } = recording();
  const door = await openDoor(handle, { isLook });
  const sockets = await Promise.all(Array.from({ length: LOOKS }, () => openUsed(door.port)));
  for (const socket of sockets) socket.write(get("/look"));
  await once(must(sockets[0]), "data");
  for (const socket of sockets) socket.resetAndDestroy();
  await ask1(door.port, ["/look"]);
  expect(begun.length).toBeLessThan(LOOKS / 2);
});

test.each(["/look", "/lease"])("of a body without a byte the end is told, also to who waited for a turn: %s", async (path) => {
  const handle: Handle = (req, res) => {
    req.resume().once("end", () => res.end("hello"));
  };
  const door = await openDoor(handle, { isLook });
  const session = await openSession(door.url);
  const post = async () => {
    const stream = session.request({ ":method": "POST", ":path": path });
    stream.end();
    return await text(stream);
  };
  const answers = await Promise.all(Array.from({ length: LOOKS }, post));
  expect(answers.filter((answer) => answer !== "hello")).toEqual([]);
});
