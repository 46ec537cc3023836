import { type FileHandle, open, rm } from "node:fs/promises";
import { Failure } from "../exit.ts";
import type { Output } from "../words/output.ts";

/** Where a new secret goes, which is told once: stdout, or a file that nobody else can read. */
export class SecretOutlet implements AsyncDisposable {
  readonly #output: Output;
  readonly #interruption: AbortSignal;
  readonly #path: string | undefined;
  readonly #file: FileHandle | undefined;
  #written = false;

  private constructor(output: Output, interruption: AbortSignal, path: string | undefined, file: FileHandle | undefined) {
    this.#output = output;
    this.#interruption = interruption;
    this.#path = path;
    this.#file = file;
  }

  /** Before the secret is made: a Failure says why the file cannot be. One that exists is not touched. */
  static async open(output: Output, interruption: AbortSignal, path: string | undefined): Promise<SecretOutlet> {
    if (path === undefined) return new SecretOutlet(output, interruption, path, undefined);
    const file = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw Failure.usage(`--out ${path} exists already, and may hold a secret; give another name`);
      throw Failure.usage(`--out ${path} cannot be written: ${error.message}`);
    });
    return new SecretOutlet(output, interruption, path, file);
  }

  /** Where it can be found: "in FILE", "on stdout". */
  get place(): string {
    return this.#path === undefined ? "on stdout" : `in ${this.#path}`;
  }

  /** Whether stdout has it. */
  get isStdout(): boolean {
    return this.#path === undefined;
  }

  /** Puts the secret there, hidden in a CI system's log if it can be; `told`: what stdout says instead of it alone. Rejects if it cannot. */
  async put(secret: string, told?: () => void): Promise<void> {
    this.#output.mask(secret);
    await this.#output.said();
    if (this.#file !== undefined) {
      await this.#file.writeFile(`${secret}\n`);
      await this.#file.sync();
      this.#written = true;
      told?.();
    } else if (told === undefined) this.#output.raw(secret);
    else told();
    await this.#output.finish(this.#interruption);
  }

  /** An empty file is none. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    if (this.#path !== undefined && !this.#written) await rm(this.#path, { force: true });
  }
}
