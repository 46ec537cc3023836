import type { Micros } from "../../core/model/units.ts";

/**
 * Signs of life of those who wait (rule 3). An overdue waiter becomes an Abandon command; in no other way does presence enter a decision.
 * It is a port of its own because a waiter may be connected to another server, where several serve one line.
 */
export interface SignsOfLife {
  /** A lease waits from now on, first or again: its ticket runs `ttl` from its last sign, or from now where there was none. */
  expect(lease: string, ttl: Micros): void;
  /** The lease is offered: its ticket stands still. */
  offered(lease: string): void;
  /** The lease is held, or has ended: its ticket is dropped. */
  forget(lease: string): void;
  /** One sign of life. Ignored for a lease that neither waits nor is offered. */
  sign(lease: string): void;
  /**
   * A wait or a stream opens: a sign that lasts until the returned function is called. `takes` is asked when the lease is offered
   * something, before that is committed: true, the caller takes it.
   */
  attend(lease: string, takes?: () => boolean): () => void;
  /** Whether somebody who waits for a lease takes what it is offered. */
  takes(lease: string): boolean;
  /** The leases whose ticket has run out. */
  overdue(): string[];
  /** When the next ticket runs out. */
  next(): Micros | undefined;
}
