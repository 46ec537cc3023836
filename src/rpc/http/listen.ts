import { createServer, type IncomingMessage, type RequestListener, type ServerOptions, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, type BlockList, Server as NetServer, type Socket } from "node:net";
import { TLSSocket, Server as TlsServer } from "node:tls";
import { carries, cutOff } from "./door/cutting.ts";
import type { Delivery } from "./door/delivery.ts";
import { Http1Connections, NO_PAGE } from "./door/http1.ts";
import { type HandleStream, Http2Connections } from "./door/http2.ts";
import { DOOR_LIMITS, type DoorLimits, type DoorLog } from "./door/limits.ts";
import { Neighbour } from "./door/peer.ts";
import { type Protocol, sniff } from "./door/preface.ts";
import { Stopwatch } from "./door/stopwatch.ts";
import { contextOf, type TlsOptions } from "./door/tls.ts";

/**
 * Answers one request of either protocol; `delivery` tells what became of the answer, `neighbour` who sent it. A throw becomes 500, or 400 if
 * the request names no host; it never ends the process.
 */
export type Handle = (
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
  delivery: Delivery,
  neighbour: Neighbour,
) => void | Promise<void>;

/** Where to listen, and what to do with what comes. With `tls` there is no clear text. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: TlsOptions;
  /** Proxies whose word is taken for whom a request comes from; see peer.ts. */
  readonly proxies?: BlockList | undefined;
  readonly handle: Handle;
  /** Asked before `handle` about each request over HTTP/2. */
  readonly handleStream?: HandleStream | undefined;
  readonly limits?: Partial<DoorLimits>;
  readonly log: DoorLog;
}

/** A port that is open. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** New connections are made with this. Throws Node's error if it cannot be used, or there is clear text here. */
  renew(tls: TlsOptions): void;
  /** Accepts nothing new, lets open requests finish for `graceMs`, then cuts off the rest. Resolves when every connection is closed. */
  drain(graceMs: number): Promise<void>;
}

/** Opens the one port that serves HTTP/1.1 and HTTP/2, in clear text or over TLS. Rejects with Node's error (EADDRINUSE and the like). */
export async function listen(options: ListenOptions): Promise<Listening> {
  const door = new Door(options);
  await door.open(options.host, options.port);
  return door;
}

/**
 * The HTTP/1.1 server itself listens, and HTTP/2 connections are passed on to a server that does not. The other way round would switch
 * off Node's headersTimeout and requestTimeout, which work only in a server that listens.
 */
class Door implements Listening {
  readonly #limits: DoorLimits;
  readonly #log: DoorLog;
  readonly #handle: Handle;
  readonly #front: ReturnType<typeof createServer>;
  readonly #http1: Http1Connections;
  readonly #http2: Http2Connections;
  readonly #sockets = new Set<Socket>();
  /** Whether nobody is let in without a certificate; and those who are, by their connections. */
  readonly #demands: boolean;
  readonly #neighbours = new Map<Socket, Neighbour>();
  /** Connections whose protocol is not known yet. */
  readonly #strangers = new Map<Socket, Stopwatch>();
  #address: AddressInfo = { address: "", family: "", port: 0 };
  #trouble = { refused: 0, failed: 0, code: "" };
  #sweeper: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: ListenOptions) {
    this.#limits = { ...DOOR_LIMITS, ...options.limits };
    this.#log = options.log;
    this.#handle = options.handle;
    this.#demands = options.tls?.demandsCertificate === true;
    const answer = (...request: Parameters<Handle>) => this.#answer(...request);
    this.#http1 = new Http1Connections(this.#limits, this.#log, answer);
    this.#http2 = new Http2Connections(this.#limits, this.#log, answer, options.handleStream);
    const { front, begin } = frontServer(options.tls, this.#limits, (req, res) => this.#http1.serve(req, res));
    this.#front = front;
    front.maxConnections = this.#limits.maxConnections;
    front.on("connection", (socket: Socket) => {
      this.#keep(socket);
      if (options.tls !== undefined) carries(socket);
    });
    front.on("drop", () => this.#trouble.refused++);
    front.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#http1.refuse(error.code, socket));
    front.on("checkExpectation", (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(417, NO_PAGE).end());
    front.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) =>
      this.#welcome(socket, new Neighbour(socket, options.proxies), begin),
    );
  }

  get host(): string {
    return this.#address.address;
  }

  get port(): number {
    return this.#address.port;
  }

  open(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#front.once("error", reject);
      this.#front.listen({ host, port, backlog: 4096 }, () => {
        this.#address = this.#front.address() as AddressInfo;
        this.#front.off("error", reject);
        this.#front.on("error", (error: NodeJS.ErrnoException) => {
          this.#trouble.failed++;
          this.#trouble.code = error.code ?? error.message;
        });
        this.#startSweeping();
        resolve();
      });
    });
  }

  renew(tls: TlsOptions): void {
    if (!(this.#front instanceof TlsServer)) throw new Error("invariant: what speaks clear text has no certificate");
    this.#front.setSecureContext(contextOf(tls));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", (error) => this.#log.debug({ err: error, peer: socket.remoteAddress }, "a connection failed"));
  }

  #welcome(socket: Socket, neighbour: Neighbour, begin: (socket: Socket) => void): void {
    if (socket instanceof TLSSocket) this.#keep(socket);
    if (this.#drained !== undefined) {
      socket.destroy();
      return;
    }
    if (this.#demands) {
      this.#neighbours.set(socket, neighbour);
      socket.once("close", () => this.#neighbours.delete(socket));
    }
    const route = (protocol: Protocol) => {
      this.#strangers.delete(socket);
      if (protocol === "http2") {
        this.#http2.add(socket, neighbour);
      } else {
        this.#http1.add(socket, neighbour);
        begin(socket);
      }
    };
    // Over TLS, HTTP/2 is spoken only where ALPN has chosen it.
    if (socket instanceof TLSSocket && socket.alpnProtocol !== "h2") {
      route("http1");
      return;
    }
    this.#strangers.set(socket, new Stopwatch());
    socket.once("close", () => this.#strangers.delete(socket));
    sniff(socket, route);
  }

  #answer(...[req, res, delivery, neighbour]: Parameters<Handle>): void {
    for (const [name, value] of Object.entries(NO_PAGE)) res.setHeader(name, value);
    if (res instanceof ServerResponse && req.httpVersion === "1.1" && req.headers.host === undefined) {
      res.writeHead(400, { connection: "close" }).end();
      return;
    }
    const fail = (error: unknown) => {
      const authority = req.headers[":authority"] ?? req.headers.host;
      const nameless = typeof authority !== "string" || !URL.canParse(`http://${authority}`);
      if (!nameless) this.#log.warn({ err: error, method: req.method }, "the handler of a request failed");
      if (!res.headersSent) {
        res.statusCode = nameless ? 400 : 500;
        res.end();
      } else if (res instanceof ServerResponse) res.destroy();
      else res.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    };
    try {
      const done: unknown = this.#handle(req, res, delivery, neighbour);
      if (done instanceof Promise) done.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  /** The sweep's clock stands still while the process is stalled: what peers sent meanwhile has not been read yet. */
  #startSweeping(): void {
    const { sweepInterval } = this.#limits;
    let clock = 0;
    let last = performance.now();
    this.#sweeper = setInterval(() => {
      const now = performance.now();
      clock += Math.min(now - last, 2 * sweepInterval);
      last = now;
      if (this.#demands) this.#cutOffEnded();
      for (const [socket, age] of this.#strangers) if (age.elapsed(clock) >= this.#limits.prefaceTimeout) socket.destroy();
      this.#http1.sweep(clock);
      this.#http2.sweep(clock);
      this.#reportTrouble();
    }, sweepInterval);
    this.#sweeper.unref();
  }

  /** A certificate without which there is no connection ends this with it. */
  #cutOffEnded(): void {
    const now = Date.now();
    for (const [socket, { certificate, address }] of this.#neighbours) {
      if (certificate !== undefined && now < certificate.until) continue;
      this.#log.debug({ peer: address }, "cut off a connection whose certificate has ended");
      cutOff(socket);
    }
  }

  /** Logs refused and failed connections, in one line per sweep however many there were. */
  #reportTrouble(): void {
    const { refused, failed, code } = this.#trouble;
    if (refused > 0) this.#log.warn({ refused, limit: this.#limits.maxConnections }, "refused connections: too many are open");
    if (failed > 0) this.#log.warn({ failed, code }, "could not accept connections");
    this.#trouble = { refused: 0, failed: 0, code: "" };
  }

  drain(graceMs: number): Promise<void> {
    this.#drained ??= this.#drain(graceMs);
    return this.#drained;
  }

  async #drain(graceMs: number): Promise<void> {
    // Not http.Server's close: that destroys a connection whose answer is complete but not yet flushed.
    const closed = new Promise((resolve) => NetServer.prototype.close.call(this.#front, resolve));
    for (const socket of this.#strangers.keys()) socket.destroy();
    this.#http1.drain();
    this.#http2.drain();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    clearInterval(this.#sweeper);
    // Stops Node's own check of HTTP/1.1 connections, which would hold the server in memory.
    this.#front.close();
  }
}

/** The server that listens, and how to start HTTP/1.1 on a connection: Node's own listeners, taken off so that we look at it first. */
function frontServer(tls: ListenOptions["tls"], limits: DoorLimits, serve: RequestListener) {
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
    handshakeTimeout: limits.prefaceTimeout,
    // Who shows none, or one that is not accepted, may have a key.
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.demandsCertificate === true,
  };
  const front = secure === undefined ? createServer(options, serve) : createTlsServer({ ...options, ...secure }, serve);
  const event = tls === undefined ? "connection" : "secureConnection";
  const listeners = front.listeners(event);
  front.removeAllListeners(event);
  const begin = (socket: Socket) => {
    for (const listener of listeners) listener.call(front, socket);
  };
  return { front, begin };
}
