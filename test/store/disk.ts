/** A small disk that is filled and freed. */
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Fills it but for `left` bytes; the returned function frees it again. */
export function fill(disk: string, left = 0): () => void {
  const filler = path.join(disk, `filler-${performance.now()}`);
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)));
  } catch (error) {
    // A server has taken some of the space meanwhile: then it is full.
    if (!String(error).includes("ENOSPC")) throw error;
  }
  return () => rmSync(filler);
}
