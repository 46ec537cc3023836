/** What we write to. */
export type Descriptor = 1 | 2;

/** A way for bytes to leave this process that never blocks it, and leaves the descriptor as everybody who shares it has it. */
export interface Way {
  /** Takes as much as there is room for at this moment, and gives the number of bytes. Throws if nothing can be written there. */
  write(data: Buffer): number;
  /** Resolves when all that was taken is out; rejects if that is not to be. More may be written afterwards. */
  settled(): Promise<void>;
}
