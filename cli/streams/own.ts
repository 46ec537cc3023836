/**
 * This process's stdin, stdout and stderr, in the place of Node's own, which set O_NONBLOCK on what we share with the command, the shell
 * and its other jobs, block where a reader stands still, and end the process where a write fails. Loaded before whatever takes hold of
 * them as it is loaded.
 */
import type { Readable } from "node:stream";
import { Data } from "./data.ts";
import { Input } from "./input.ts";
import { Words } from "./words.ts";

/** Not touched before it is read. */
export const stdin: Readable & { readonly isTTY?: boolean } = process.platform === "win32" ? process.stdin : new Input();
/** For data: waits for who is slow; where it cannot be written it fails. */
export const stdout: Data = new Data(1);
/** For words: neither waits nor fails. */
export const stderr: Words = new Words(2);

for (const [name, stream] of Object.entries({ stdin, stdout, stderr }))
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });

/** Has what Node itself says of warnings, and of an error that nobody caught, go the same way; it would wait for the reader. */
export function speakForNode(): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => stderr.write(`call-me: ${name}: ${message}\n`));
  process.on("uncaughtException", (error) => {
    stderr.write(`call-me: ${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  });
}
