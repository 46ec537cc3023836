import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { DoorLimits, DoorLog } from "./limits.ts";
import { Backlog } from "./stopwatch.ts";

interface Connection {
  readonly backlog: Backlog;
  readonly open: Set<ServerResponse>;
}

/** The HTTP/1.1 connections of a door. Headers, bodies and idle connections are timed by Node; this cuts off readers that have stopped. */
export class Http1Connections {
  readonly #connections = new Map<Socket, Connection>();
  readonly #limits: DoorLimits;
  readonly #log: DoorLog;
  #draining = false;

  constructor(limits: DoorLimits, log: DoorLog) {
    this.#limits = limits;
    this.#log = log;
  }

  /** A connection has turned out to speak HTTP/1.1. */
  add(socket: Socket): void {
    const connection: Connection = { backlog: new Backlog(), open: new Set() };
    this.#connections.set(socket, connection);
    socket.once("close", () => {
      this.#connections.delete(socket);
      // A pipelined answer that never had its turn on the socket would not hear of the end by itself on every Node.
      for (const response of connection.open) response.destroy();
    });
  }

  /** A request has arrived; call it before the handler. */
  begin(socket: Socket, response: ServerResponse): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.open.add(response);
    if (this.#draining) response.setHeader("Connection", "close");
    response.on("error", (error) => this.#log.debug({ err: error }, "an HTTP/1.1 answer failed"));
    response.once("close", () => {
      connection.open.delete(response);
      // The header alone does not do it: it may have gone out before the drain began.
      if (this.#draining && connection.open.size === 0) socket.destroySoon();
    });
  }

  /** Cuts off whoever has stopped reading. `now`: the sweep's clock, ms. */
  sweep(now: number): void {
    for (const [socket, { backlog }] of this.#connections) {
      const waiting = socket.writableLength;
      if (!backlog.stuck(waiting, socket.bytesWritten - waiting, now, this.#limits)) continue;
      this.#log.debug({ peer: socket.remoteAddress, waiting }, "cut off an HTTP/1.1 connection that has stopped reading");
      socket.destroy();
    }
  }

  /** Closes what is idle; the rest closes after its open answers. */
  drain(): void {
    this.#draining = true;
    for (const [socket, { open }] of this.#connections) {
      if (open.size === 0) socket.destroySoon();
      for (const response of open) if (!response.headersSent) response.setHeader("Connection", "close");
    }
  }
}
