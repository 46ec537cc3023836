import { createContextKey } from "@connectrpc/connect";
import type { Identity } from "../../access/identity.ts";

/** How far a call has come through connect-es. */
export class Course {
  /** Who called, once it was let in. */
  by: Identity | undefined;
  /** Its request has been read, and its method begins. */
  isRead = false;
  /** The gate has refused it, and told of it. */
  isRefused = false;
  readonly #tell: (course: Course, error: unknown) => void;
  #isOver = false;

  /** `tell` is called once, if it reaches no method and the gate has nothing against it. */
  constructor(tell: (course: Course, error: unknown) => void = () => {}) {
    this.#tell = tell;
  }

  /** It was answered with an error, or its caller is gone. */
  ended(error: unknown): void {
    if (this.isRead || this.isRefused || this.#isOver) return;
    this.#isOver = true;
    this.#tell(this, error);
  }
}

/** Set by adapter.ts. */
export const courseKey = createContextKey<Course>(new Course(), { description: "course of the call" });
