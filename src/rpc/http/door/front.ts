/** The server that accepts connections. */
import { createServer, type RequestListener, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { DoorLimits } from "./limits.ts";
import { contextOf, type TlsOptions } from "./tls.ts";

/** Hands a connection on. */
export type Begin = (socket: Socket) => void;

/**
 * The server that listens, and how to start TLS (where it is spoken) and HTTP/1.1 on a connection: Node's own listeners, taken off so that we
 * look at it first.
 */
export function frontServer(tls: TlsOptions | undefined, limits: DoorLimits, serve: RequestListener) {
  const options: ServerOptions = {
    // Node refuses one that is longer than the whole request's.
    headersTimeout: Math.min(limits.headersTimeout, limits.bodyTimeout),
    requestTimeout: limits.bodyTimeout,
    keepAliveTimeout: limits.idleTimeout,
    connectionsCheckingInterval: limits.sweepInterval,
    // Refused in #answer, with the header that every answer has.
    requireHostHeader: false,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 10_000,
  };
  const secure = tls && {
    ...contextOf(tls),
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: limits.handshakeTimeout,
    // Who shows none, or one that is not accepted, may have a key.
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.demandsCertificate === true,
  };
  const front = secure === undefined ? createServer(options, serve) : createTlsServer({ ...options, ...secure }, serve);
  const takenOff = (event: "connection" | "secureConnection"): Begin => {
    const listeners = front.listeners(event);
    front.removeAllListeners(event);
    return (socket) => {
      for (const listener of listeners) listener.call(front, socket);
    };
  };
  const accepted = takenOff("connection");
  return tls === undefined ? { front, begin: accepted } : { front, secure: accepted, begin: takenOff("secureConnection") };
}
