import type { Micros } from "../core/model.ts";

/**
 * Signs of life of those who wait (rule 3): who is overdue becomes an Abandon command, and whether somebody is present never enters a
 * decision otherwise. A port of its own: where several servers serve one line, a waiter may attend another one of them.
 */
export interface SignsOfLife {
  /** A lease waits from now on, first or again: its ticket runs `ttl` from its last sign, or from now where there was none. */
  expect(lease: string, ttl: Micros): void;
  /** It has been offered what it waits for: its ticket stands still. */
  offered(lease: string): void;
  /** It is held, or has ended. */
  forget(lease: string): void;
  /** One sign of life; of a lease that neither waits nor is offered it means nothing. */
  sign(lease: string): void;
  /** A wait or a stream opens: a sign that lasts until the returned function is called. */
  attend(lease: string): () => void;
  /** Whether a wait or a stream is open. */
  isAttended(lease: string): boolean;
  /** Those whose ticket has run out. */
  overdue(): string[];
  /** When the next ticket runs out. */
  next(): Micros | undefined;
}
