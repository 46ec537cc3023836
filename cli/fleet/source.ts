import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { Failure } from "../exit.ts";

/** The largest file that is read, in bytes: what a request of 4 MiB holds is no larger, written out. */
const LARGEST = 16 * 1024 * 1024;

/** The text of a file, or of `stdin` where it is named -, up to `largest` bytes; a usage Failure says why it can't be had. */
export async function readText(file: string, stdin: Readable, largest = LARGEST): Promise<string> {
  const source = file === "-" ? stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > largest) break;
    }
  } catch (error) {
    throw Failure.usage(`cannot read ${nameOf(file)}: ${(error as Error).message}`);
  }
  if (size > largest) throw Failure.usage(`${nameOf(file)} is larger than ${largest / 1024 / 1024} MiB; apply it in parts`);
  return decoded(nameOf(file), Buffer.concat(chunks));
}

/**
 * Throws unless it is a regular file, or none: whoever opens a pipe that nobody writes to waits for ever, and what a pipe has said is gone when
 * it is to be read again.
 */
export function expectFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
    throw new Error(`${file} is no regular file; it is read again at each SIGHUP`);
}

/** How messages call the file. */
export function nameOf(file: string): string {
  return file === "-" ? "stdin" : file;
}

/** Without its byte order mark, which editors and shells on Windows write; Windows PowerShell's `>` writes UTF-16. */
function decoded(name: string, bytes: Buffer): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw Failure.usage(`${name} is no ${encoding.toUpperCase()} text; save it as UTF-8`);
  }
}
