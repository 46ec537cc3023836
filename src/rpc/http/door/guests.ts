/** Who is let in at the door: how many connections an address has, how fast it opens them, and what it has done before. */
import type { Socket } from "node:net";
import { canonical, networkOf } from "../../../access/address.ts";
import type { AccessLimits } from "../../../access/limits.ts";
import { Bucket, type Rate } from "../../../access/rate.ts";
import type { DoorLimits } from "./limits.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Turnstile } from "./turnstile.ts";

/** An address, as long as it has a connection or something is remembered of it. */
interface Guest {
  readonly network: string;
  open: number;
  /** Its connections by which no caller was admitted yet, the oldest first. */
  readonly strangers: Set<Visit>;
  readonly arrivals: Bucket;
  readonly offences: Bucket;
  readonly turnstile: Turnstile;
}

/** One connection of an address. */
export class Visit {
  readonly socket: Socket;
  readonly #guest: Guest | undefined;
  readonly #offences: Rate;
  readonly #strangers: Set<Visit>;
  /** Of its address; one of its own for an address of which nothing is counted. */
  readonly turnstile: Turnstile;
  /** Since it began. */
  readonly age = new Stopwatch();
  #isKnown = false;

  /** `strangers`: of all addresses. */
  constructor(socket: Socket, guest: Guest | undefined, offences: Rate, strangers: Set<Visit>) {
    this.socket = socket;
    this.#guest = guest;
    this.turnstile = guest?.turnstile ?? new Turnstile();
    this.#offences = offences;
    this.#strangers = strangers;
  }

  /** Its peer can ask from now on; over TLS that is after the handshake, which takes our time. */
  begins(): void {
    this.#strangers.add(this);
    this.#guest?.strangers.add(this);
  }

  /** It is none of those who have shown nothing: closed, or known. */
  leaves(): void {
    this.#strangers.delete(this);
    this.#guest?.strangers.delete(this);
  }

  /** A caller was admitted by this connection: it is kept when there are too many of others. */
  admitted(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.leaves();
  }

  /** Its peer has misused it. Whose address does that again and again is not let in for a while. */
  offended(): void {
    this.#guest?.offences.take(this.#offences, performance.now());
  }
}

/** For how long, in ms, somebody is left standing outside, of whom nothing is read: who is sent off at once is back at once. */
const OUTSIDE = 5_000;
/** And how many at most. */
const MOST_OUTSIDE = 1_000;

/** Why a connection was not let in. */
export type Unwelcome = "too many of its address" | "too many at once of its address" | "its address has misused others";

export class Guests {
  readonly #limits: DoorLimits;
  readonly #access: () => AccessLimits;
  readonly #guests = new Map<string, Guest>();
  readonly #strangers = new Set<Visit>();
  readonly #outside = new Set<Socket>();

  constructor(limits: DoorLimits, access: () => AccessLimits) {
    this.#limits = limits;
    this.#access = access;
  }

  /**
   * A connection has come: its visit, or why it is not let in; then it is closed, now or soon. Who has shown nothing for longest makes room: somebody who has
   * something to ask for gets in, however many there are that only want to fill the house.
   */
  welcome(socket: Socket): Visit | Unwelcome {
    const address = canonical(socket.remoteAddress ?? "") ?? "";
    const guest = this.#access().exempt.address(address) ? undefined : this.#guestOf(networkOf(address));
    const unwelcome = guest && this.#unwelcome(guest);
    if (unwelcome !== undefined) {
      this.#leaveOutside(socket);
      return unwelcome;
    }
    const visit = new Visit(socket, guest, this.#limits.offences, this.#strangers);
    if (guest !== undefined) guest.open++;
    socket.once("close", () => {
      visit.leaves();
      if (guest !== undefined) guest.open--;
    });
    return visit;
  }

  /**
   * Closes those who have shown nothing for long, where there are too many, and forgets who has no connection and has done nothing for long.
   * Call it from time to time; `clock`: that of the sweeps, ms.
   */
  sweep(clock: number): void {
    const { address, total } = this.#limits.strangers;
    this.#dismiss(this.#strangers, total, clock);
    const now = performance.now();
    for (const [network, { open, arrivals, offences, strangers }] of this.#guests) {
      this.#dismiss(strangers, address, clock);
      if (open === 0 && arrivals.missing(now) + offences.missing(now) === 0) this.#guests.delete(network);
    }
  }

  /** The oldest first. A crowd that comes back together, and has not been heard yet, is none of them. */
  #dismiss(strangers: ReadonlySet<Visit>, most: number, clock: number): void {
    let tooMany = strangers.size - most;
    for (const visit of strangers) {
      if (visit.age.elapsed(clock) < this.#limits.strangers.grace || tooMany-- <= 0) continue;
      visit.leaves();
      visit.socket.destroy();
    }
  }

  #leaveOutside(socket: Socket): void {
    const outside = this.#outside;
    if (outside.size >= MOST_OUTSIDE) {
      socket.destroy();
      return;
    }
    outside.add(socket);
    const timer = setTimeout(() => socket.destroy(), OUTSIDE).unref();
    socket
      .on("error", () => {})
      .once("close", () => {
        outside.delete(socket);
        clearTimeout(timer);
      });
  }

  /** Closes what was not let in. */
  drain(): void {
    for (const socket of this.#outside) socket.destroy();
  }

  #guestOf(network: string): Guest {
    const known = this.#guests.get(network);
    if (known !== undefined) return known;
    const guest = {
      network,
      open: 0,
      strangers: new Set<Visit>(),
      arrivals: new Bucket(),
      offences: new Bucket(),
      turnstile: new Turnstile(),
    };
    this.#guests.set(network, guest);
    return guest;
  }

  /** Who has misused connections again and again is let in with one at a time, until somebody is admitted by it. */
  #unwelcome({ open, arrivals, offences, strangers }: Guest): Unwelcome | undefined {
    const now = performance.now();
    const { connects, connections } = this.#access().address;
    const remembered = (offences.missing(now) * this.#limits.offences.perSecond) / 1_000;
    const isSuspect = remembered > 1 && strangers.size > 0;
    if (isSuspect || !offences.has(this.#limits.offences, now)) return "its address has misused others";
    if (arrivals.take(connects, now) > 0) return "too many at once of its address";
    return open >= connections ? "too many of its address" : undefined;
  }
}
