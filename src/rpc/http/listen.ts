import { type IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { type AddressInfo, type BlockList, Server as NetServer, type Socket } from "node:net";
import { TLSSocket, Server as TlsServer } from "node:tls";
import { ACCESS_LIMITS, type AccessLimits } from "../../access/limits.ts";
import { carrierOf, carries, cutOffAll } from "./door/cutting.ts";
import type { Delivery } from "./door/delivery.ts";
import { type Begin, frontServer } from "./door/front.ts";
import { Guests, Visit } from "./door/guests.ts";
import { Http1Connections, NO_PAGE } from "./door/http1.ts";
import { type HandleStream, Http2Connections } from "./door/http2.ts";
import { DOOR_LIMITS, type DoorLimits, type DoorLog } from "./door/limits.ts";
import { Looks } from "./door/looks.ts";
import { Neighbour } from "./door/peer.ts";
import { type Protocol, sniff } from "./door/preface.ts";
import { Stopwatch } from "./door/stopwatch.ts";
import { contextOf, type TlsOptions } from "./door/tls.ts";
import { Trouble } from "./door/trouble.ts";

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
  /** Whether what has this path may wait while there is much else to do; nothing, unless given. */
  readonly isLook?: ((path: string) => boolean) | undefined;
  readonly limits?: Partial<DoorLimits>;
  /** What each address may use of it; ACCESS_LIMITS unless given. */
  readonly access?: () => AccessLimits;
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
  readonly #front: ReturnType<typeof frontServer>["front"];
  readonly #http1: Http1Connections;
  readonly #http2: Http2Connections;
  readonly #sockets = new Set<Socket>();
  /** Whether nobody is let in without a certificate; and those who are, by their connections. */
  readonly #demands: boolean;
  readonly #neighbours = new Map<Socket, Neighbour>();
  readonly #guests: Guests;
  readonly #proxies: BlockList | undefined;
  /** Of connections that carry TLS. */
  readonly #visits = new WeakMap<Socket, Visit>();
  /** Connections whose protocol is not known yet. */
  readonly #strangers = new Map<Socket, Stopwatch>();
  #address: AddressInfo = { address: "", family: "", port: 0 };
  readonly #trouble = new Trouble();
  #sweeper: NodeJS.Timeout | undefined;
  #lag: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: ListenOptions) {
    this.#limits = { ...DOOR_LIMITS, ...options.limits };
    this.#log = options.log;
    this.#handle = options.handle;
    this.#demands = options.tls?.demandsCertificate === true;
    const answer = (...request: Parameters<Handle>) => this.#answer(...request);
    const looks = new Looks(options.isLook);
    this.#http1 = new Http1Connections(this.#limits, this.#log, looks, answer);
    this.#http2 = new Http2Connections(this.#limits, this.#log, looks, answer, options.handleStream);
    this.#proxies = options.proxies;
    this.#guests = new Guests(this.#limits, options.access ?? (() => ACCESS_LIMITS));
    const { front, secure, begin } = frontServer(options.tls, this.#limits, (req, res) => this.#http1.serve(req, res));
    this.#front = front;
    front.maxConnections = this.#limits.maxConnections;
    front.on("connection", (socket: Socket) => this.#receive(socket, secure, begin));
    front.on("drop", () => this.#trouble.refused());
    front.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#http1.refuse(error.code, socket));
    front.on("checkExpectation", (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(417, NO_PAGE).end());
    front.on("secureConnection", (socket: TLSSocket) => {
      this.#keep(socket);
      const carrier = carrierOf(socket);
      const visit = carrier && this.#visits.get(carrier);
      if (visit === undefined) socket.destroy();
      else this.#welcome(socket, visit, begin);
    });
  }

  /** A connection has come, before a byte of it was read. `secure`: how it goes on where TLS is spoken. */
  #receive(socket: Socket, secure: Begin | undefined, begin: Begin): void {
    const visit = this.#guests.welcome(socket);
    if (!(visit instanceof Visit)) {
      this.#trouble.unwelcome(visit);
      return;
    }
    this.#keep(socket);
    if (secure === undefined) this.#welcome(socket, visit, begin);
    else {
      carries(socket);
      this.#visits.set(socket, visit);
      secure(socket);
    }
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
        this.#front.on("error", (error: NodeJS.ErrnoException) => this.#trouble.failed(error));
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

  #welcome(socket: Socket, visit: Visit, begin: Begin): void {
    const neighbour = new Neighbour(socket, visit, this.#proxies);
    visit.begins();
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
      this.#judge();
      this.#guests.sweep(clock);
      this.#trouble.report(this.#log, this.#limits.maxConnections);
    }, sweepInterval);
    this.#sweeper.unref();
    this.#watchLag();
  }

  #judge(): void {
    this.#http1.judge();
    this.#http2.judge();
  }

  /** One peer that sends without end can keep the event loop busy until the next sweep: then it is found out earlier. */
  #watchLag(): void {
    const { sweepInterval, lag } = this.#limits;
    const interval = sweepInterval / 20;
    let last = performance.now();
    this.#lag = setInterval(() => {
      const now = performance.now();
      if (now - last > interval + lag) this.#judge();
      last = now;
    }, interval);
    this.#lag.unref();
  }

  /** A certificate without which there is no connection ends this with it. */
  #cutOffEnded(): void {
    const now = Date.now();
    const ended = [...this.#neighbours].filter(([, { certificate }]) => certificate === undefined || now >= certificate.until);
    if (ended.length > 0) this.#log.debug({ connections: ended.length }, "cut off connections whose certificates have ended");
    cutOffAll(ended.map(([socket]) => socket));
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
    this.#guests.drain();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    clearInterval(this.#sweeper);
    clearInterval(this.#lag);
    // Stops Node's own check of HTTP/1.1 connections, which would hold the server in memory.
    this.#front.close();
  }
}
