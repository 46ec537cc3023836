/** Attacks by requests that are all in order, as many as go through. */
import { OPEN_GREETING, Requests } from "../frames.ts";
import { dial, lanes, listenTo, PIECE, send, type Tally, type Target } from "../peer.ts";
import { countAnswers } from "./bodies.ts";
import { grpcHeaders, named } from "./frames.ts";

const CONNECTIONS = 8;
/** Calls that are open at once on a connection. */
const AT_ONCE = { http1: 32, http2: 500 };

/** Calls of a method over HTTP/2, each connection with hundreds at once. */
async function overHttp2(target: Target, tally: Tally, path: string, body: (number: number) => Buffer): Promise<void> {
  let number = 0;
  await lanes(target, CONNECTIONS, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    const requests = new Requests(path, grpcHeaders(target.key));
    let open = 0;
    let room = () => {};
    listenTo(socket, tally, () => {
      open--;
      room();
    });
    socket.once("close", () => room());
    let alive = await send(socket, OPEN_GREETING);
    while (alive) {
      const parts: Buffer[] = [];
      for (; open < AT_ONCE.http2; open++) parts.push(requests.next(body(number++)).bytes);
      tally.add("requests", parts.length);
      const wait = new Promise<void>((resolve) => {
        room = resolve;
      });
      alive = await send(socket, Buffer.concat(parts));
      if (alive && open >= AT_ONCE.http2) await wait;
      alive &&= !socket.destroyed;
    }
  });
}

/** Calls over HTTP/1.1, in JSON, one behind the other without waiting for answers. */
async function overHttp1(target: Target, tally: Tally, path: string, key: () => string): Promise<void> {
  const body = '{"environment":"flooded"}';
  await lanes(target, 4 * CONNECTIONS, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    let open = 0;
    let room = () => {};
    countAnswers(socket, tally, () => {
      open--;
      room();
    });
    socket.once("close", () => room());
    let alive = true;
    while (alive) {
      let piece = "";
      for (; open < AT_ONCE.http1 && piece.length < PIECE; open++) {
        piece += `POST ${path} HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${key()}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        tally.add("requests");
      }
      const wait = new Promise<void>((resolve) => {
        room = resolve;
      });
      alive = await send(socket, piece);
      if (alive && open >= AT_ONCE.http1) await wait;
      alive &&= !socket.destroyed;
    }
  });
}

const method = (name: string) => `/callme.v1.LockService/${name}`;

export const checksHttp1 = (target: Target, tally: Tally) => overHttp1(target, tally, method("Check"), () => target.key);
export const checksHttp2 = (target: Target, tally: Tally) => overHttp2(target, tally, method("Check"), () => named("flooded"));
export const acquiresHttp1 = (target: Target, tally: Tally) => overHttp1(target, tally, method("Acquire"), () => target.key);
export const acquiresHttp2 = (target: Target, tally: Tally) =>
  overHttp2(target, tally, method("Acquire"), (number) => named(`flooded-${number % 1_000}`));
export const watches = (target: Target, tally: Tally) => overHttp2(target, tally, method("WatchEnvironment"), () => named("flooded"));

/** Keys of the right form and without any form, no two alike. */
export function wrongKeys(target: Target, tally: Tally): Promise<void> {
  let number = 0;
  return overHttp1(target, tally, method("Check"), () => {
    number++;
    return number % 2 === 0 ? `wrong-${number}` : `cmk_${"a".repeat(8)}_${String(number).padStart(43, "0")}000000`;
  });
}
