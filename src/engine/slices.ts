/** How long a slice of work may take, in milliseconds: so long a call may have to wait for it. */
const SLICE_MS = 2;
/** How many are called between two looks at the clock. */
const GROUP = 4;

/** How to run something later; a test brings its own. */
export interface Loop {
  /** Calls back after pending input and output were handled. */
  later(call: () => void): void;
  /** Calls back after all promises that can continue now have continued. */
  settled(call: () => void): void;
}

const realLoop: Loop = {
  later: (call) => void setImmediate(call),
  settled: (call) => queueMicrotask(() => process.nextTick(call)),
};

/**
 * Does what many ask for at once one after the other, in slices of time: to tell thousands of readers, or to show hundreds of people a page,
 * takes a second, and other calls must be served in between.
 */
export class Slices {
  readonly #loop: Loop;
  readonly #now: () => number;
  /** Readers who follow a lease of their own; they come before readers who only watch. */
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
    // A call sets off promises. The time of the slice is looked at when these have run.
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
