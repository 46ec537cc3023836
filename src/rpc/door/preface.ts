import type { Socket } from "node:net";

/** Which protocol a connection speaks. */
export type Protocol = "http1" | "http2";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** "PRI": no HTTP/1.1 method begins so. */
const TELLING = 3;

/** Reads as many bytes as tell the protocol, puts them back and calls `route` once. A peer that does not send them in time is cut off. */
export function sniff(socket: Socket, timeout: number, route: (protocol: Protocol) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const cutOff = () => socket.destroy();
  const timer = setTimeout(cutOff, timeout);
  const stop = () => {
    clearTimeout(timer);
    socket.off("readable", look).off("end", cutOff).off("close", stop);
  };
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const protocol = recognise(head);
    if (protocol === undefined) return;
    stop();
    socket.unshift(head);
    route(protocol);
  };
  socket.on("readable", look).on("end", cutOff).on("close", stop);
}

/** A broken preface is HTTP/2's to refuse; an unfinished one is waited for, because a session has no time limit for it. */
function recognise(head: Buffer): Protocol | undefined {
  if (!begins(head, TELLING)) return "http1";
  return head.length >= PREFACE.length || !begins(head, PREFACE.length) ? "http2" : undefined;
}

function begins(head: Buffer, length: number): boolean {
  const seen = Math.min(head.length, length);
  return head.subarray(0, seen).equals(PREFACE.subarray(0, seen));
}
