import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, statfsSync, statSync, truncateSync, writeSync } from "node:fs";
import path from "node:path";
import { StoreFailure } from "../store.ts";

/** The largest reserve, and the smallest that is of any use (some commits and a checkpoint), in bytes. */
const MOST = 16 * 1024 * 1024;
const LEAST = 256 * 1024;
/** How much more than the reserve must be free before it is made again, so that the next commit does not need it at once. */
const BESIDE = 256 * 1024;

/**
 * Space that is kept back beside the database, so that what gives back or keeps can be written for a while when the disk is full: a file
 * of the smaller of 16 MiB and a tenth of what is free when it is first made. Freeing it cuts it to nothing.
 */
export class Reserve {
  readonly #file: string;
  readonly #size: number;

  constructor(database: string) {
    this.#file = `${database}-reserve`;
    const kept = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    this.#size = Math.max(LEAST, Math.min(MOST, Math.max(kept, Math.floor((kept + this.#room()) / 10))));
  }

  /** Whether the reserve exists in full size, or can be made. */
  get isPossible(): boolean {
    return this.#isKept() || this.#room() >= this.#size + BESIDE;
  }

  /** Frees the space; false if there was none to free. */
  free(): boolean {
    if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) === 0) return false;
    truncateSync(this.#file, 0);
    return true;
  }

  /** Makes the reserve in full size, on disk, if there is room; tells whether it exists now. */
  make(): boolean {
    if (this.#isKept()) return true;
    if (!this.isPossible) return false;
    try {
      this.#fill();
      return true;
    } catch (error) {
      this.free();
      if (error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) return false;
      throw error;
    }
  }

  #isKept(): boolean {
    return (statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) >= this.#size;
  }

  /** With random bytes: a file system that compresses, or leaves out zeros, would keep nothing back. */
  #fill(): void {
    const descriptor = openSync(this.#file, "w", 0o600);
    try {
      const part = randomBytes(LEAST);
      for (let left = this.#size; left > 0; ) left -= writeSync(descriptor, part, 0, Math.min(left, part.length));
      this.#sync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** A failed fsync means here as everywhere that the disk can no longer be trusted. */
  #sync(descriptor: number): void {
    try {
      fsyncSync(descriptor);
    } catch (error) {
      throw new StoreFailure("OUTCOME_UNKNOWN", `an fsync of ${this.#file} failed: ${String(error)}`, { cause: error });
    }
  }

  /** What this user may still write on the disk, in bytes; some file systems don't know, and say that they have no blocks at all. */
  #room(): number {
    const { bavail, bsize, blocks } = statfsSync(path.dirname(this.#file));
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
  }
}
