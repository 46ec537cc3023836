import type { IncomingMessage, ServerResponse } from "node:http";
import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { Socket } from "node:net";
import { StreamExchange } from "../stream-exchange.ts";
import { Conduct } from "./conduct.ts";
import { cutOff } from "./cutting.ts";
import { Delivery, UnderWay } from "./delivery.ts";
import { NO_PAGE } from "./http1.ts";
import type { DoorLimits, DoorLog } from "./limits.ts";
import type { Looks } from "./looks.ts";
import type { Neighbour } from "./peer.ts";
import { Stopwatch } from "./stopwatch.ts";
import { CountedResponse, OpenStream, Sending } from "./streams.ts";
import { Turns } from "./turns.ts";

interface Connection {
  readonly socket: Socket;
  readonly neighbour: Neighbour;
  readonly session: ServerHttp2Session;
  readonly conduct: Conduct;
  readonly streams: Map<ServerHttp2Stream, OpenStream>;
  readonly sending: Sending;
  /** How many bytes had come from the peer at the last sweep that saw a change, and the time since then. */
  heard: number;
  readonly silence: Stopwatch;
  pinged: boolean;
  readonly idle: Stopwatch;
  readonly underWay: UnderWay;
  readonly turns: Turns;
  /** A PING that asks whether an answer has arrived is out, or will be in a moment. */
  asking: boolean;
}

function watch(delivery: Delivery): void {
  delivery.watched = true;
}

/** Answers a request on its stream if it is one of the usual; false, with nothing of it used up, if it is for the compatibility layer. */
export type HandleStream = (exchange: StreamExchange) => boolean;
/** Answers any other request. */
type Handle2 = (req: Http2ServerRequest, res: Http2ServerResponse, delivery: Delivery, neighbour: Neighbour) => void;

/** The HTTP/2 connections of a door. Node has no time limit of any kind for them: all are here. */
export class Http2Connections {
  readonly #connections = new Map<Socket, Connection>();
  readonly #bySession = new WeakMap<Http2Session, Connection>();
  readonly #server: Http2Server<typeof IncomingMessage, typeof ServerResponse, typeof Http2ServerRequest, typeof CountedResponse>;
  readonly #limits: DoorLimits;
  readonly #log: DoorLog;

  constructor(limits: DoorLimits, log: DoorLog, looks: Looks, handle: Handle2, handleStream: HandleStream = () => false) {
    this.#limits = limits;
    this.#log = log;
    this.#server = createServer({ ...nodeOptions(limits), Http2ServerResponse: CountedResponse }, (req, res) => {
      const connection = req.stream.session && this.#bySession.get(req.stream.session);
      const open = connection?.streams.get(req.stream);
      // Without a connection it has closed in the meantime.
      if (connection === undefined || open === undefined) return;
      open.answer = res;
      handle(req, res, new Delivery(res, connection.underWay, watch), connection.neighbour);
    });
    this.#server.on("checkExpectation", (_req, res) => void res.writeHead(417, NO_PAGE).end());
    // Node's compatibility layer is a listener of this event, which makes its requests and responses.
    const compatible = this.#server.listeners("stream");
    this.#server.removeAllListeners("stream");
    const failed = (error: Error) => log.debug({ err: error }, "an HTTP/2 stream failed");
    this.#server.on("stream", (stream, headers, ...rest) => {
      // Also where its connection has failed by now: an error that nobody listens to would end the process.
      stream.on("error", failed);
      const connection = stream.session && this.#bySession.get(stream.session);
      if (connection === undefined) return;
      const exchange = new StreamExchange(stream, headers, new Delivery(stream, connection.underWay, watch), connection.neighbour);
      this.#opened(connection, stream).answer = exchange;
      const isVoid = () => exchange.closed;
      const handle = () => {
        const hasEnded = stream.readableEnded;
        if (!this.#isTaken(exchange, handleStream))
          for (const listener of compatible) Reflect.apply(listener, this.#server, [stream, headers, ...rest]);
        // Of a body without a byte Node has told the end while the request waited: who reads it listens only now.
        if (hasEnded) stream.emit("end");
      };
      const act = looks.begins(exchange.path, { isVoid, act: handle });
      const { pace } = connection.neighbour;
      if (pace.enter()) act();
      else pace.wait({ isVoid, act, refuse: () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM) });
    });
  }

  /** A connection, in clear text or decrypted, has turned out to speak HTTP/2. */
  add(socket: Socket, neighbour: Neighbour): void {
    this.#server.once("session", (session) => this.#track(socket, neighbour, session));
    // An HTTP/1.1 client may close its half and still read; one of HTTP/2 that closes is gone, and its streams with it.
    socket.allowHalfOpen = false;
    socket.once("end", () => socket.destroy());
    this.#server.emit("connection", socket);
  }

  #track(socket: Socket, neighbour: Neighbour, session: ServerHttp2Session): void {
    const connection: Connection = {
      socket,
      neighbour,
      session,
      conduct: new Conduct(socket, this.#limits),
      streams: new Map(),
      sending: new Sending(),
      heard: socket.bytesRead,
      silence: new Stopwatch(),
      pinged: false,
      idle: new Stopwatch(),
      underWay: new UnderWay(socket, () => this.#askSoon(connection)),
      turns: new Turns(session),
      asking: false,
    };
    neighbour.conduct = connection.conduct;
    this.#connections.set(socket, connection);
    this.#bySession.set(session, connection);
    socket.once("close", () => this.#connections.delete(socket));
    session.on("error", (error: NodeJS.ErrnoException) => {
      this.#log.debug({ err: error, peer: socket.remoteAddress }, "an HTTP/2 session failed");
      if (MISUSES.has(error.code)) neighbour.offended();
    });
    const questioned = () => {
      connection.conduct.questioned();
      this.#judge(connection);
    };
    session.on("ping", questioned).on("remoteSettings", questioned);
  }

  /** Ends a connection that its peer misuses. */
  #judge({ socket, session, neighbour, conduct }: Connection): void {
    if (session.destroyed) return;
    const misuse = conduct.misuse(performance.now());
    if (misuse === undefined) return;
    this.#log.debug({ peer: socket.remoteAddress, misuse }, "ended an HTTP/2 connection that was misused");
    neighbour.offended();
    session.destroy(new Error(`misused by ${misuse}`), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /** Looks how all peers behave. */
  judge(): void {
    for (const connection of this.#connections.values()) this.#judge(connection);
  }

  #isTaken(exchange: StreamExchange, handleStream: HandleStream): boolean {
    try {
      return handleStream(exchange);
    } catch (err) {
      this.#log.warn({ err, path: exchange.path }, "the handler of a request failed");
      exchange.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return true;
    }
  }

  #opened(connection: Connection, stream: ServerHttp2Stream): OpenStream {
    const { streams, idle, conduct } = connection;
    const open = new OpenStream();
    streams.set(stream, open);
    conduct.asked();
    stream.on("close", () => {
      streams.delete(stream);
      idle.restart();
      if (stream.headersSent || stream.rstCode === constants.NGHTTP2_NO_ERROR) return;
      conduct.gaveUp();
      this.#judge(connection);
    });
    return open;
  }

  /** Cuts off streams and connections that are over one of the limits. `now`: the sweep's clock, ms. */
  sweep(now: number): void {
    for (const [socket, connection] of this.#connections) {
      this.#sweepStreams(socket, connection, now);
      if (connection.streams.size === 0 && connection.idle.elapsed(now) >= this.#limits.idleTimeout) connection.session.close();
      this.#sweepSilence(socket, connection, now);
      connection.turns.forgive();
      if (connection.underWay.overdue(now, this.#limits.pingTimeout)) {
        this.#log.debug({ peer: socket.remoteAddress }, "cut off an HTTP/2 connection that gives no sign of life after an answer");
        cutOff(socket);
      }
    }
  }

  /** Asks whether what is under way has arrived, once for all answers of a moment. */
  #askSoon(connection: Connection): void {
    if (connection.asking) return;
    connection.asking = true;
    setTimeout(() => this.#ask(connection), this.#limits.askAfter);
  }

  #ask(connection: Connection): void {
    const { session, underWay } = connection;
    connection.asking = false;
    if (session.destroyed) return;
    connection.asking = session.ping((failed) => {
      connection.asking = false;
      if (failed === null && !underWay.sift()) this.#askSoon(connection);
    });
  }

  #sweepStreams(socket: Socket, { streams, sending }: Connection, now: number): void {
    const limits = this.#limits;
    const still: [ServerHttp2Stream, OpenStream][] = [];
    sending.restart();
    for (const [stream, open] of streams) {
      if (stream.closed) {
        // Its RST_STREAM cannot get out: the whole connection has stopped reading.
        if (open.closing.elapsed(now) >= limits.stallTimeout) cutOff(socket);
      } else if (open.look(stream, sending, now, limits)) {
        still.push([stream, open]);
      } else if (stream.headersSent && !stream.writableEnded) {
        open.body.restart();
      } else if (open.body.elapsed(now) >= limits.bodyTimeout && !received(stream)) {
        this.#log.debug({}, "closed an HTTP/2 stream whose request did not come to its end");
        stream.close(constants.NGHTTP2_CANCEL);
      }
    }
    for (const [stream, open] of still) {
      if (!open.hasStopped(stream, sending, now, limits)) continue;
      this.#log.debug({ waiting: stream.writableLength }, "closed an HTTP/2 stream whose reader has stopped");
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  /** Pings a silent connection, and cuts it off if it stays silent. Any byte from the peer counts, but not on a session that has ended. */
  #sweepSilence(socket: Socket, connection: Connection, now: number): void {
    const { session, streams, silence } = connection;
    const over = session.destroyed || (session.closed && streams.size === 0);
    if (!over && socket.bytesRead !== connection.heard) {
      connection.heard = socket.bytesRead;
      connection.pinged = false;
      silence.restart();
    }
    const silent = silence.elapsed(now);
    if (silent >= this.#limits.pingInterval + this.#limits.pingTimeout) {
      this.#log.debug({ peer: socket.remoteAddress }, "cut off an HTTP/2 connection that gives no sign of life");
      cutOff(socket);
    } else if (silent >= this.#limits.pingInterval && !connection.pinged && !session.destroyed) {
      connection.pinged = session.ping(() => undefined);
    }
  }

  /** Sends GOAWAY everywhere: open streams go on, new ones are refused, and a session without any closes. */
  drain(): void {
    for (const { session } of this.#connections.values()) session.close();
  }
}

/** What Node ends a session for by itself: bytes that are no HTTP/2, or frames of it in such numbers as nobody needs. */
const MISUSES: ReadonlySet<string | undefined> = new Set(["ERR_HTTP2_ERROR", "ERR_HTTP2_TOO_MANY_INVALID_FRAMES"]);

function received(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.readableEnded || stream.state.remoteClose === 1;
}

/** An older Node ignores the options that it does not know. */
function nodeOptions(limits: DoorLimits): ServerOptions {
  return {
    settings: { maxConcurrentStreams: limits.maxConcurrentStreams, maxHeaderListSize: 16 * 1024 },
    maxSessionMemory: limits.maxSessionMemory,
    maxHeaderListPairs: 64,
    maxSettings: 32,
    maxOutstandingPings: 10,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    // Rapid reset, CVE-2023-44487: thousands a second. A client that waits and holds by streams gives up two with each hold, and all
    // holds of a process may share a connection.
    streamResetBurst: 1000,
    streamResetRate: 250,
  };
}
