import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Conduct } from "./conduct.ts";
import { cutOff } from "./cutting.ts";
import { Delivery, UnderWay } from "./delivery.ts";
import type { DoorLimits, DoorLog } from "./limits.ts";
import type { Looks } from "./looks.ts";
import type { Neighbour } from "./peer.ts";
import { Backlog } from "./stopwatch.ts";

/** Answers a request. */
type Handle1 = (req: IncomingMessage, res: ServerResponse, delivery: Delivery, neighbour: Neighbour) => void;

interface Connection {
  readonly neighbour: Neighbour;
  readonly conduct: Conduct;
  readonly backlog: Backlog;
  readonly open: Set<ServerResponse>;
  readonly underWay: UnderWay;
  /** This side is closed, so that the peer closes its own, which tells that the answer has arrived. */
  ended: boolean;
  /**
   * A request that was answered before all of it had come: it is read to its end, or until its time is over, lest a reset overtake the
   * answer.
   */
  early?: IncomingMessage;
}

/** On every answer, whoever writes it: no answer is a web page, even if a name in it looks like HTML. */
export const NO_PAGE = { "x-content-type-options": "nosniff" } as const;

const NO_PAGE_LINE = Object.entries(NO_PAGE)
  .map((pair) => pair.join(": "))
  .join("\r\n");

/** Requests of one connection that wait for their answers; nobody sends the next one before he has half of so many. */
const PIPELINE = 500;
const IMPATIENCE = "requests that do not wait for an answer";

/** How bytes that are no request are refused, by the code of Node's error; all others with 400. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", "413 Payload Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/** The HTTP/1.1 connections of a door. Headers, bodies and idle connections are timed by Node; this cuts off readers that have stopped. */
export class Http1Connections {
  readonly #connections = new Map<Socket, Connection>();
  readonly #limits: DoorLimits;
  readonly #log: DoorLog;
  readonly #looks: Looks;
  readonly #handle: Handle1;
  #draining = false;

  constructor(limits: DoorLimits, log: DoorLog, looks: Looks, handle: Handle1) {
    this.#limits = limits;
    this.#log = log;
    this.#looks = looks;
    this.#handle = handle;
  }

  /** A connection has turned out to speak HTTP/1.1. */
  add(socket: Socket, neighbour: Neighbour): void {
    const underWay = new UnderWay(socket, () => {});
    const conduct = new Conduct(socket, this.#limits);
    neighbour.conduct = conduct;
    const connection: Connection = { neighbour, conduct, backlog: new Backlog(), open: new Set(), underWay, ended: false };
    this.#connections.set(socket, connection);
    socket.once("close", () => {
      this.#connections.delete(socket);
      // On some versions of Node a pipelined answer that is still queued does not emit `close` when its socket ends.
      for (const response of connection.open) response.destroy();
    });
  }

  /** A request has arrived. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (connection === undefined) throw new Error("invariant: a request comes by a connection that was added");
    connection.open.add(response);
    connection.conduct.asked();
    if (connection.open.size > PIPELINE) this.#end(connection, socket, IMPATIENCE);
    if (socket.destroyed) return;
    if (this.#draining) response.setHeader("Connection", "close");
    if (isLong(request)) atHead(response, () => this.#whenEarly(connection, socket, response));
    response.on("error", (error) => this.#log.debug({ err: error }, "an HTTP/1.1 answer failed"));
    response.once("close", () => {
      connection.open.delete(response);
      // The header `Connection: close` alone is not enough: this answer's headers may have gone out before the drain began.
      if (this.#draining && connection.open.size === 0) socket.destroySoon();
    });
    const delivery = new Delivery(response, connection.underWay, this.#whenGiving(connection, socket, response));
    const { pace } = connection.neighbour;
    const isVoid = () => delivery.closed || socket.destroyed;
    const handle = () => this.#handle(request, response, delivery, connection.neighbour);
    const act = this.#looks.begins(request.url ?? "/", { isVoid, act: handle });
    if (pace.enter()) act();
    else pace.wait({ isVoid, act, refuse: () => this.#end(connection, socket, IMPATIENCE) });
  }

  /** Closes a connection by which something came that is no request; says so, unless another answer is on its way there. */
  refuse(code: string | undefined, socket: Socket): void {
    const connection = this.#connections.get(socket);
    const answering = connection !== undefined && [...connection.open].some((response) => response.headersSent);
    if (connection !== undefined && socket.writable && !answering && code !== "ECONNRESET") {
      const status = REFUSALS.get(code ?? "") ?? "400 Bad Request";
      socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${NO_PAGE_LINE}\r\n\r\n`);
    }
    socket.destroy();
  }

  /** HTTP/1.1 has no ping. After a long wait this side closes, and the peer's close tells that the answer has arrived (rule 4). */
  #whenGiving(connection: Connection, socket: Socket, response: ServerResponse): (delivery: Delivery) => void {
    const begun = performance.now();
    let prepared = false;
    return (delivery) => {
      if (prepared) return;
      prepared = true;
      atHead(response, () => {
        if (!delivery.gives || performance.now() - begun < this.#limits.longWait) return;
        delivery.watched = true;
        closeAfter(connection, socket, response);
      });
    };
  }

  /**
   * Some clients (connect-node) stop sending when they have their answer, without an end of the body, and use the connection again: their next
   * request would be taken for the rest of this one.
   */
  #whenEarly(connection: Connection, socket: Socket, response: ServerResponse): void {
    if (response.req.complete) return;
    connection.early = response.req;
    closeAfter(connection, socket, response);
    response.once("finish", () => response.req.resume());
  }

  /** Cuts off whoever has stopped reading, or has not closed when it was asked to. `now`: the sweep's clock, ms. */
  sweep(now: number): void {
    for (const [socket, { backlog, underWay, ended, early }] of this.#connections) {
      const waiting = socket.writableLength;
      if (backlog.stuck(waiting, socket.bytesWritten - waiting, now, this.#limits)) {
        this.#log.debug({ peer: socket.remoteAddress, waiting }, "cut off an HTTP/1.1 connection that has stopped reading");
        cutOff(socket);
      } else if (underWay.overdue(now, this.#limits.closeTimeout)) {
        this.#log.debug({ peer: socket.remoteAddress }, "cut off an HTTP/1.1 connection that did not close after its answer");
        cutOff(socket);
      } else if (ended && underWay.sift() && early?.complete !== false) socket.destroy();
    }
  }

  /** Looks how all peers behave. */
  judge(): void {
    const now = performance.now();
    for (const [socket, connection] of this.#connections) {
      const misuse = connection.conduct.misuse(now);
      if (misuse !== undefined) this.#end(connection, socket, misuse);
    }
  }

  /** One misuse counts once, however many of its requests tell of it. */
  #end({ neighbour }: Connection, socket: Socket, misuse: string): void {
    if (socket.destroyed) return;
    this.#log.debug({ peer: socket.remoteAddress, misuse }, "ended an HTTP/1.1 connection that was misused");
    neighbour.offended();
    cutOff(socket);
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

/** Whether the body of a request may come in parts after its headers. */
function isLong({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 65_536;
}

/** Acts at the last moment at which a header can be set; Node has no event for it. */
function atHead(response: ServerResponse, act: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]) => {
    act();
    return writeHead(...head);
  };
}

/** Closes this side of the connection after the answer, and says so in it. By default Node would close both directions at once. */
function closeAfter(connection: Connection, socket: Socket, response: ServerResponse): void {
  response.setHeader("Connection", "close");
  socket.destroySoon = () => {
    connection.ended = true;
    socket.end();
  };
}
