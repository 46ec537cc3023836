import type { ChildProcess } from "node:child_process";
import os from "node:os";
import { Writable } from "node:stream";

/** The exit status of a command, as a shell gives it: 128 + n after signal n. Rejects if it could not be started. */
export function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + os.constants.signals[signal]));
  });
}

/** Gives a command behind a gate the words that it waits for, by its pipe of this number; nothing where there is no gate. */
export function openGate({ stdio }: ChildProcess, descriptor: number, words: string | Buffer): void {
  const gate = stdio[descriptor];
  if (!(gate instanceof Writable)) return;
  // It may have been killed meanwhile.
  gate.on("error", () => {});
  gate.end(words);
}
