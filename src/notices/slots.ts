/** How many attempts are under way at once to those whom leases name: there can be very many of them, and none may keep the others waiting. */
export class Slots {
  readonly #inAll: Gate;
  readonly #perOrigin: number;
  readonly #origins = new Map<string, Gate>();

  constructor(inAll: number, perOrigin: number) {
    this.#inAll = new Gate(inAll);
    this.#perOrigin = perOrigin;
  }

  /** Resolves when there is one, with what gives it back. First within the origin: those that wait for a slow one keep nobody else's place. */
  async take(origin: string): Promise<() => void> {
    const gate = this.#origins.get(origin) ?? new Gate(this.#perOrigin);
    this.#origins.set(origin, gate);
    await gate.enter();
    await this.#inAll.enter();
    return () => {
      this.#inAll.leave();
      gate.leave();
      if (gate.isIdle) this.#origins.delete(origin);
    };
  }
}

/** Lets so many in at once, in order. */
class Gate {
  #room: number;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#room = most;
  }

  get isIdle(): boolean {
    return this.#room === this.#most;
  }

  async enter(): Promise<void> {
    if (this.#room > 0) this.#room--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#room++;
    else next();
  }
}
