/** Access rules as a file: read at the start and at every SIGHUP. Reading it is the command line's doing, which knows files like it. */
import type { Lined } from "./access/file/entry.ts";
import { type AccessRules, rulesIn } from "./access/rules.ts";
import { BadSetting } from "./config.ts";

/** Reads a file; rejects with an Error that names file and line. */
export type AccessReader = (file: string) => Promise<Lined>;

interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** Knows what the file says. */
export class RulesKeeper {
  readonly #file: string;
  readonly #read: AccessReader;
  readonly #log: Log;
  #busy = false;
  /** The file may have changed since it was read. */
  #stale = false;

  constructor(file: string, read: AccessReader, log: Log) {
    this.#file = file;
    this.#read = read;
    this.#log = log;
  }

  /** What the file says at the start. Rejects with a BadSetting that says what is wrong with it. */
  async first(): Promise<AccessRules> {
    try {
      return await this.#rules();
    } catch (error) {
      throw new BadSetting(`CALL_ME_ACCESS: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Applies what the file says now. What is wrong with it is logged, and the rules stay as they are. Once more if it is called meanwhile. */
  async again(apply: (rules: AccessRules) => Promise<void>): Promise<void> {
    this.#stale = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#stale) {
      this.#stale = false;
      await this.#apply(apply);
    }
    this.#busy = false;
  }

  async #apply(apply: (rules: AccessRules) => Promise<void>): Promise<void> {
    const file = this.#file;
    try {
      await apply(await this.#rules());
      this.#log.info({ file }, "who is let in is as the file of access rules says");
    } catch (error) {
      const { message } = error as Error;
      this.#log.error({ file, why: message }, `${file} was not applied, and the rules stay as they were: ${message}; SIGHUP tries again`);
    }
  }

  async #rules(): Promise<AccessRules> {
    const { rules, warnings } = rulesIn(this.#file, await this.#read(this.#file));
    for (const warning of warnings) this.#log.warn({ file: this.#file }, warning);
    return rules;
  }
}
