import { readFileSync } from "node:fs";

/**
 * Lengths in bytes, and the first word, of SQLite's log (docs/decisions/0010-sqlite-with-one-owner.md). The last bit of that word is set for
 * sums of big-endian words.
 */
const HEADER = 32;
const FRAME_HEADER = 24;
const MAGIC = 0x377f0682;

/** How long a log is that has one page, in bytes; ours has at least that much from the first commit until it is deleted. */
export const SHORTEST_LOG: number = HEADER + FRAME_HEADER + 4_096;

/** From how many pages on the log is copied to the database, after an answer. */
export const LONG_LOG = 1_000;

/**
 * How many frames from the first one on are as SQLite wrote them, by their checksums. Some milliseconds for the 4 MiB that a log mostly has.
 */
export function soundFrames(file: string): number {
  const bytes = readFileSync(file);
  if (bytes.length < HEADER) return 0;
  const log = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = log.getUint32(0) === MAGIC;
  const length = FRAME_HEADER + log.getUint32(8);
  const sum = new Checksum(log, little);
  sum.add(0, 24);
  if ((!little && log.getUint32(0) !== MAGIC + 1) || !sum.isAt(24)) return 0;
  let frames = 0;
  for (let at = HEADER; at + length <= bytes.length; at += length) {
    if (log.getBigUint64(at + 8) !== log.getBigUint64(16)) break;
    sum.add(at, 8);
    sum.add(at + FRAME_HEADER, length - FRAME_HEADER);
    if (!sum.isAt(at + 16)) break;
    frames++;
  }
  return frames;
}

/** SQLite's running sum over all frames so far. */
class Checksum {
  readonly #log: DataView;
  readonly #little: boolean;
  #first = 0;
  #second = 0;

  constructor(log: DataView, little: boolean) {
    this.#log = log;
    this.#little = little;
  }

  add(from: number, length: number): void {
    for (let at = from; at < from + length; at += 8) {
      this.#first = (this.#first + this.#log.getUint32(at, this.#little) + this.#second) >>> 0;
      this.#second = (this.#second + this.#log.getUint32(at + 4, this.#little) + this.#first) >>> 0;
    }
  }

  /** Whether this sum is stored there. */
  isAt(at: number): boolean {
    return this.#log.getUint32(at) === this.#first && this.#log.getUint32(at + 4) === this.#second;
  }
}
