/** How patient a client is. All times in ms. */
export interface Pace {
  /** The longest pause before the second try; before each further one it is twice as long, up to `last`: below claim_timeout, by far. */
  readonly first: number;
  readonly last: number;
  /** How long a server may be out of reach while nothing is at stake. */
  readonly patience: number;
  /** A stream that was silent for so long is dead: the server sends a heartbeat every 15 s. */
  readonly silence: number;
  /** How long somebody who gives up may be kept. */
  readonly farewell: number;
}

/** The pace of every client, by clients/README.md. */
export const PACE: Pace = { first: 200, last: 2_000, patience: 10_000, silence: 40_000, farewell: 1_000 };
