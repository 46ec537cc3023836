import { Slices } from "../../../engine/slices.ts";
import type { Deed } from "./turnstile.ts";

/**
 * What is only looked at is begun in slices of the event loop's turns: when hundreds of people open a page at once, what is asked for about
 * leases is heard in between.
 */
export class Looks {
  readonly #isLook: (path: string) => boolean;
  readonly #slices = new Slices();

  /** `isLook`: of a path without its query. */
  constructor(isLook: (path: string) => boolean = () => false) {
    this.#isLook = isLook;
  }

  /** A request as it is to be begun; what is void by then never is. `target`: its path with the query, if there is one. */
  begins(target: string, { isVoid, act }: Deed): () => void {
    if (!this.#isLook(pathIn(target))) return act;
    return () => this.#slices.add(() => isVoid() || act());
  }
}

function pathIn(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}
