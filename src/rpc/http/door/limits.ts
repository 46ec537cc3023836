/**
 * Limits on what one peer may use. All times in milliseconds. They stand still while the process is stalled, except those that Node keeps:
 * the TLS handshake's, and HTTP/1.1's for headers, bodies and idle connections.
 */
export interface DoorLimits {
  /** Open connections; a further one is closed as soon as it is accepted. */
  readonly maxConnections: number;
  /** For the TLS handshake, and again for as many first bytes as tell HTTP/1.1 from HTTP/2 (the whole preface of the latter). */
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
