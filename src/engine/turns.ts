/** How long a slice of work may take, in milliseconds: a call that comes meanwhile waits no longer for it. */
const SLICE_MS = 5;
/** How many are called between two looks at the clock. */
const GROUP = 4;

/** What runs a slice later, and what runs when nothing that was set off is left to do; a test brings its own. */
export interface Loop {
  /** After input and output had their turn. */
  later(call: () => void): void;
  /** After all promises that can go on now went on. */
  settled(call: () => void): void;
}

const realLoop: Loop = {
  later: (call) => void setImmediate(call),
  settled: (call) => queueMicrotask(() => process.nextTick(call)),
};

/**
 * Readers that want to go on, in order, some at a time: telling thousands of something is work for a second, and whoever calls
 * meanwhile is served between two slices of it.
 */
export class Turns {
  readonly #loop: Loop;
  readonly #now: () => number;
  /** Those whom something was granted or taken from come before those who look on. */
  readonly #urgent = new Queue();
  readonly #others = new Queue();
  #running = false;
  #until = 0;

  constructor(loop: Loop = realLoop, now: () => number = () => performance.now()) {
    this.#loop = loop;
    this.#now = now;
  }

  /** Calls `call` in its turn, never at once. It must not throw. */
  add(call: () => void, urgent = false): void {
    (urgent ? this.#urgent : this.#others).push(call);
    if (this.#running) return;
    this.#running = true;
    this.#loop.later(this.#slice);
  }

  readonly #slice = () => {
    this.#until = this.#now() + SLICE_MS;
    this.#group();
  };

  readonly #group = () => {
    for (let called = 0; called < GROUP; called++) {
      const call = this.#urgent.shift() ?? this.#others.shift();
      if (call === undefined) break;
      call();
    }
    // What a call sets off runs in promises: the clock counts when they are through.
    this.#loop.settled(this.#next);
  };

  readonly #next = () => {
    if (this.#urgent.empty && this.#others.empty) this.#running = false;
    else if (this.#now() < this.#until) this.#group();
    else this.#loop.later(this.#slice);
  };
}

/** First in, first out, in constant time. */
class Queue {
  #calls: (() => void)[] = [];
  #next = 0;

  get empty(): boolean {
    return this.#next === this.#calls.length;
  }

  push(call: () => void): void {
    this.#calls.push(call);
  }

  shift(): (() => void) | undefined {
    if (this.empty) return undefined;
    const call = this.#calls[this.#next++];
    if (this.empty) {
      this.#calls = [];
      this.#next = 0;
    }
    return call;
  }
}
