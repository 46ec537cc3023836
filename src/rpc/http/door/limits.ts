import type { Rate } from "../../../access/rate.ts";

/**
 * Limits on what one peer may use. All times in milliseconds. They stand still while the process is stalled, except those that Node keeps:
 * the TLS handshake's, and HTTP/1.1's for headers, bodies and idle connections.
 */
export interface DoorLimits {
  /** Open connections; a further one is closed as soon as it is accepted. */
  readonly maxConnections: number;
  /** How often an address may misuse a connection before it is let in no more until that is over. */
  readonly offences: Rate;
  /** Connections by which no caller was admitted since `grace`: beyond it the oldest of them are closed. */
  readonly strangers: { readonly address: number; readonly total: number; readonly grace: number };
  /** Bytes on one connection that ask for nothing: all but 80 KiB for each request, or as many as one may have that was admitted. */
  readonly waste: Rate;
  /** Requests on one connection that its peer gives up before they are answered. A proxy may give up all of its waits at once. */
  readonly thrownAway: Rate;
  /** HTTP/2: PING and SETTINGS on one connection. gRPC's clients measure the way by a PING for what they receive, again and again. */
  readonly questions: Rate;
  /** How late the event loop may be, at which the connections are looked at ahead of the next sweep: one of them keeps it busy. */
  readonly lag: number;
  /**
   * For the TLS handshake. Longer than the preface, as it is our own time: of thousands who come back together after a restart, who is cut off
   * has cost as much as who is let in, and comes again.
   */
  readonly handshakeTimeout: number;
  /** For as many first bytes as tell HTTP/1.1 from HTTP/2 (the whole preface of the latter), over TLS after the handshake. */
  readonly prefaceTimeout: number;
  /** HTTP/1.1: for the request line and headers. */
  readonly headersTimeout: number;
  /** For a whole request. HTTP/2: per stream, but not while its answer is under way, because then it is a conversation. */
  readonly bodyTimeout: number;
  /** How long a connection without any request is kept. */
  readonly idleTimeout: number;
  /** HTTP/2: a PING goes out after this much silence. */
  readonly pingInterval: number;
  /** HTTP/2: and so soon after answers that give something. */
  readonly askAfter: number;
  /** HTTP/2: how long a sign of life may take after that PING. */
  readonly pingTimeout: number;
  /**
   * HTTP/1.1: a call that waited longer than this may have lost its connection unnoticed. If its answer gives a lease, the connection is
   * closed after it, and the peer's close confirms it.
   */
  readonly longWait: number;
  /** HTTP/1.1: how long the peer may take to close, or to send a byte, after such an answer. */
  readonly closeTimeout: number;
  /** How long an answer's waiting bytes may make no progress; see Backlog for large ones. */
  readonly stallTimeout: number;
  /** Bytes that may wait in one answer, or HTTP/1.1 connection; guards against a handler that ignores backpressure. */
  readonly maxBacklog: number;
  /** How often all of this is looked at: what is cut off is cut off up to two of these late, and never early. */
  readonly sweepInterval: number;
  /** HTTP/2: open streams per session. 1,000 and not the usual 100: a CI proxy holds hundreds of waits on one connection. */
  readonly maxConcurrentStreams: number;
  /** HTTP/2: megabytes that Node may hold for one session. 1,000 streams with a full 64 KiB window each need 64. */
  readonly maxSessionMemory: number;
}

/** The default limits. */
export const DOOR_LIMITS: DoorLimits = {
  maxConnections: 20_000,
  offences: { burst: 3, perSecond: 1 / 15 },
  strangers: { address: 250, total: 4_000, grace: 2_000 },
  waste: { burst: 1024 * 1024, perSecond: 256 * 1024 },
  thrownAway: { burst: 1_000, perSecond: 100 },
  questions: { burst: 2_000, perSecond: 1_000 },
  lag: 15,
  handshakeTimeout: 30_000,
  prefaceTimeout: 5_000,
  headersTimeout: 10_000,
  bodyTimeout: 30_000,
  idleTimeout: 60_000,
  pingInterval: 10_000,
  askAfter: 20,
  pingTimeout: 5_000,
  longWait: 2_000,
  closeTimeout: 20_000,
  stallTimeout: 10_000,
  maxBacklog: 32 * 1024 * 1024,
  sweepInterval: 1_000,
  maxConcurrentStreams: 1_000,
  maxSessionMemory: 96,
};

/** The part of a pino logger that the door needs. What peers do goes to debug, so that they cannot flood the log. */
export interface DoorLog {
  warn(facts: object, message: string): void;
  debug(facts: object, message: string): void;
}
