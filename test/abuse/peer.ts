/** A connection of an attacker's: it sends as fast as it is read, and counts what comes back. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { END_STREAM, TYPE } from "./frames.ts";

/** Whom to attack, from which address of our own, with which key, and when to stop. */
export interface Target {
  readonly port: number;
  readonly key: string;
  readonly from: string;
  readonly over: AbortSignal;
}

/** What was sent and what came of it, by name. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(name: string, count = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + count;
  }
}

/** When each connection is closed: one promise for all who wait for it. */
const ends = new WeakMap<Socket, Promise<void>>();

/** How many bytes are sent at a time. */
export const PIECE = 64 * 1024;

/** Opens a connection; undefined where it is refused, or the time is over. */
export async function dial(target: Target, tally: Tally): Promise<Socket | undefined> {
  if (target.over.aborted) return undefined;
  const socket = connect({ host: "127.0.0.1", port: target.port, localAddress: target.from });
  socket.on("error", () => {}).setMaxListeners(0);
  ends.set(socket, new Promise((resolve) => void socket.once("close", () => resolve())));
  tally.add("connections");
  const stop = () => socket.destroy();
  target.over.addEventListener("abort", stop);
  socket.once("close", () => {
    target.over.removeEventListener("abort", stop);
    if (!target.over.aborted) tally.add("closed by the server");
  });
  await Promise.race([once(socket, "connect").catch(() => {}), closed(socket)]);
  return socket.destroyed ? undefined : socket;
}

/** Sends bytes, and resolves when there is room for more; false: the connection is closed. */
export async function send(socket: Socket, bytes: Buffer | string): Promise<boolean> {
  if (socket.destroyed) return false;
  // Without any room it waits; else a turn passes, so that what comes back is read, too.
  if (socket.write(bytes)) await new Promise(setImmediate);
  else await Promise.race([new Promise((resolve) => void socket.once("drain", resolve)), closed(socket)]);
  return !socket.destroyed;
}

function closed(socket: Socket): Promise<void> | undefined {
  return ends.get(socket);
}

/** Counts the frames that a server sends; `ended` is called for each stream that it has ended. */
export function listenTo(socket: Socket, tally: Tally, ended: () => void = () => {}): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const length = bytes.readUIntBE(0, 3);
      count(bytes, tally, ended);
      bytes = bytes.subarray(9 + length);
    }
    rest = bytes;
  });
}

function count(bytes: Buffer, tally: Tally, ended: () => void): void {
  const [type, flags] = [bytes.readUInt8(3), bytes.readUInt8(4)];
  if (type === TYPE.GOAWAY) tally.add(`GOAWAY ${bytes.readUInt32BE(13)}`);
  else if (type === TYPE.RESET) tally.add(`RST_STREAM ${bytes.readUInt32BE(9)}`);
  const isEnd = type === TYPE.RESET || ((type === TYPE.DATA || type === TYPE.HEADERS) && (flags & END_STREAM) !== 0);
  if (!isEnd) return;
  if (type !== TYPE.RESET) tally.add("answers");
  ended();
}

/** Does `one` again and again until the time is over, in so many lanes at once. */
export async function lanes(target: Target, count: number, one: () => Promise<void>): Promise<void> {
  const lane = async () => {
    while (!target.over.aborted) {
      await one();
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
}
