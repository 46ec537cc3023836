/** How a peer behaves on its connection: what it sends that asks for nothing, and what it begins and throws away. */
import type { Socket } from "node:net";
import { Bucket } from "../../../access/rate.ts";
import type { DoorLimits } from "./limits.ts";

/** What a request may send beside others' share, in bytes: its headers, and a body of usual size. */
const REQUEST = 80 * 1024;

/** Follows one connection. A peer over one of the limits misuses it. */
export class Conduct {
  readonly #socket: Socket;
  readonly #limits: DoorLimits;
  readonly #thrownAway = new Bucket();
  readonly #questions = new Bucket();
  #seen: number;
  #looked = performance.now();
  /** Bytes that came and asked for nothing; below zero: those that requests may still send. */
  #waste = 0;
  /** What it has done, once it is over a limit. */
  #misuse: string | undefined;

  constructor(socket: Socket, limits: DoorLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#seen = socket.bytesRead;
  }

  /** A request has come. */
  asked(): void {
    this.#allow(REQUEST);
  }

  /** One was admitted that may have so many bytes. */
  admitted(size: number): void {
    if (size > REQUEST) this.#allow(size);
  }

  #allow(bytes: number): void {
    this.#waste = Math.max(this.#waste - bytes, -this.#limits.maxConcurrentStreams * REQUEST);
  }

  /** A request was given up by its peer before it was answered: work for nothing. */
  gaveUp(): void {
    if (this.#thrownAway.take(this.#limits.thrownAway, performance.now()) > 0)
      this.#misuse ??= "requests given up before they were answered";
  }

  /** A frame has come that must be answered, and asks for nothing (PING, SETTINGS). */
  questioned(): void {
    if (this.#questions.take(this.#limits.questions, performance.now()) > 0) this.#misuse ??= "PING and SETTINGS";
  }

  /** What the connection is misused by; undefined if it is not. */
  misuse(now: number): string | undefined {
    const { burst, perSecond } = this.#limits.waste;
    const { bytesRead } = this.#socket;
    const allowed = (perSecond * (now - this.#looked)) / 1_000;
    this.#waste = Math.max(this.#waste - allowed, Math.min(this.#waste, 0)) + bytesRead - this.#seen;
    this.#seen = bytesRead;
    this.#looked = now;
    if (this.#waste > burst) this.#misuse ??= "bytes that ask for nothing";
    return this.#misuse;
  }
}
