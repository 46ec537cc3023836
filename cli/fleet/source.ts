import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { Failure } from "../exit.ts";

/** The largest file that is read, in bytes: what a request of 4 MiB holds is no larger, written out. */
const LARGEST = 16 * 1024 * 1024;

/** The text of a file, or of `stdin` where it is named -; a usage Failure says why it can't be had. */
export async function readText(file: string, stdin: Readable): Promise<string> {
  const source = file === "-" ? stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > LARGEST) break;
    }
  } catch (error) {
    throw Failure.usage(`cannot read ${nameOf(file)}: ${(error as Error).message}`);
  }
  if (size > LARGEST) throw Failure.usage(`${nameOf(file)} is larger than ${LARGEST / 1024 / 1024} MiB; apply it in parts`);
  return decoded(nameOf(file), Buffer.concat(chunks));
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
