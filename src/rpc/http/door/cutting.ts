import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** The connections that carry TLS, by their ends. */
const carriers = new Map<string, Socket>();

function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}

/** Notes a connection that TLS will be spoken on, until it closes. */
export function carries(socket: Socket): void {
  const ends = endsOf(socket);
  carriers.set(ends, socket);
  socket.once("close", () => {
    if (carriers.get(ends) === socket) carriers.delete(ends);
  });
}

/** The connection that carries TLS; undefined if it is gone. */
export function carrierOf(socket: TLSSocket): Socket | undefined {
  return carriers.get(endsOf(socket));
}

/**
 * Ends a connection to a peer that is silent, or has stopped reading, with a reset. After an orderly end the kernel would go on delivering
 * what waits, and a peer that comes back would hear of a lease that it has lost by then.
 */
export function cutOff(socket: Socket): void {
  const carrier = socket instanceof TLSSocket ? carrierOf(socket) : socket;
  if (carrier !== undefined && !carrier.destroyed) carrier.resetAndDestroy();
  socket.destroy();
}

/** To cut one off takes up to a millisecond: of many that are due together so many are at a time, and others are served in between. */
const AT_A_TIME = 16;

/** Cuts off all of these, in turns. */
export function cutOffAll(sockets: readonly Socket[]): void {
  for (const socket of sockets.slice(0, AT_A_TIME)) cutOff(socket);
  if (sockets.length > AT_A_TIME) setImmediate(() => cutOffAll(sockets.slice(AT_A_TIME)));
}
