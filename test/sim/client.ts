import type { Acquire } from "../../src/core/command.ts";
import type { Micros } from "../../src/core/model/units.ts";
import { Line } from "./line.ts";

/** A call that the server has not answered yet. */
export interface Open {
  /** By the store's clock. */
  readonly since: Micros;
  /** It stands in line, or is a stream: a sign of life as long as it is open. */
  readonly waits: boolean;
  /** Of an Acquire that waits: when it has waited long enough, by the machine's clock. */
  readonly until?: Micros | undefined;
  /** Of a Renew: its lease. */
  readonly renews?: string;
  /** Of an Acquire: the id that it proposes. */
  readonly id?: string;
  /** Aborted once its connection is lost; from the commit `late` on it must not be executed any more. */
  readonly signal: AbortSignal;
  late?: number;
}

/** Somebody who asks for one lease, and what they know of it. */
export class Client {
  readonly command: Acquire;
  readonly pool: string;
  /** For how long its Acquire waits in line. */
  readonly wait: Micros;
  /** How often the server had died when it came. */
  readonly deaths: number;
  /** The lease that it was told it has. */
  lease: string | undefined;
  token: number | undefined;
  /** The latest end that it was promised. */
  promised: Micros = 0;
  /** By lease: every not_after that it has asked for anew. */
  readonly wishes = new Map<string, readonly Micros[]>();
  /** Its Acquires, polls and the stream that it reads. */
  line = new Line();
  stream: Line | undefined;
  /** It wants nothing any more. */
  ended = false;
  /** It has released what it asked for, or tried to. */
  givesBack = false;
  /** It does not come back once its connections are lost. */
  leaves = false;
  /** The token of the grant that it has heard of, as the server knows, and when it heard of it. */
  knows: { readonly token: number; readonly at: Micros } | undefined;
  /** Its Acquires so far: each proposes an id of its own. */
  acquires = 0;
  /** Its signs of life so far, and when the last one ended, by the store's clock. */
  signs = 0;
  signed: Micros = 0;
  /** The signs that it had given when a call of its was last refused, as nothing could be written: the server knows nothing of that one. */
  refused = 0;
  /** By lease: the last sign of life that the server is known to have had. */
  readonly vouched = new Map<string, Micros>();
  /** Its calls that this life of the server has not answered. */
  open = new Set<Open>();
  /** How many of its connections are dead without anybody having noticed. */
  unnoticed = 0;
  /** When its connections were last lost, and its signs until then. */
  gone: { readonly signs: number; readonly commit: number; readonly silently: boolean } | undefined;

  constructor(command: Acquire, pool: string, wait: Micros, deaths: number) {
    this.deaths = deaths;
    this.command = command;
    this.pool = pool;
    this.wait = wait;
  }

  /** Whether it has given no sign of life since it lost its connections. */
  get isAway(): boolean {
    return this.gone?.signs === this.signs;
  }
}

/** Whose lease it is: its id begins with that of the command. */
export function commandOf(lease: string): string {
  return lease.slice(0, lease.indexOf("-"));
}
