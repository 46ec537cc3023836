import type { Socket } from "node:net";

/** Which protocol a connection speaks. */
export type Protocol = "http1" | "http2";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** "PRI": no HTTP/1.1 method begins so. */
const TELLING = 3;

/** Reads as many bytes as tell the protocol, puts them back and calls `route` once; never, if the peer does not send them. */
export function sniff(socket: Socket, route: (protocol: Protocol) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const cutOff = () => socket.destroy();
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null || socket.destroyed) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const protocol = recognise(head);
    if (protocol === undefined) return;
    socket.off("readable", look).off("end", cutOff);
    socket.unshift(head);
    route(protocol);
  };
  socket.on("readable", look).on("end", cutOff);
}

/**
 * A broken preface is passed on, for HTTP/2 to refuse. An unfinished one is waited for here, because an HTTP/2 session has no time limit
 * for it.
 */
function recognise(head: Buffer): Protocol | undefined {
  if (!begins(head, TELLING)) return "http1";
  return head.length >= PREFACE.length || !begins(head, PREFACE.length) ? "http2" : undefined;
}

function begins(head: Buffer, length: number): boolean {
  const seen = Math.min(head.length, length);
  return head.subarray(0, seen).equals(PREFACE.subarray(0, seen));
}
