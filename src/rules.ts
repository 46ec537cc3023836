/** Files of rules, of access and of notices: read at the start and at every SIGHUP. Reading is the command line's doing, which knows files like it. */
import type { Lined } from "./access/file/entry.ts";
import { BadSetting } from "./config.ts";

/** Reads a file; rejects with an Error that names file and line. */
export type RulesReader = (file: string) => Promise<Lined>;

interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** One such file. */
export interface RulesFile<Rules> {
  /** The setting that names it. */
  readonly setting: string;
  readonly file: string;
  /** What it says, and what the log shall warn of. Throws an Error that names file and line. */
  readonly rulesIn: (file: string, root: Lined) => { readonly rules: Rules; readonly warnings: readonly string[] };
  /** What the log says when it was applied anew. */
  readonly applied: string;
}

/** Knows what a file says. */
export class RulesKeeper<Rules> {
  readonly #of: RulesFile<Rules>;
  readonly #read: RulesReader;
  readonly #log: Log;
  #busy = false;
  /** The file may have changed since it was read. */
  #stale = false;

  constructor(of: RulesFile<Rules>, read: RulesReader, log: Log) {
    this.#of = of;
    this.#read = read;
    this.#log = log;
  }

  /** What the file says at the start. Rejects with a BadSetting that says what is wrong with it. */
  async first(): Promise<Rules> {
    try {
      return await this.#rules();
    } catch (error) {
      throw new BadSetting(`${this.#of.setting}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Applies what the file says now. What is wrong with it is logged, and the rules stay as they are. Once more if it is called meanwhile. */
  async again(apply: (rules: Rules) => Promise<void> | void): Promise<void> {
    this.#stale = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#stale) {
      this.#stale = false;
      await this.#apply(apply);
    }
    this.#busy = false;
  }

  async #apply(apply: (rules: Rules) => Promise<void> | void): Promise<void> {
    const { file, applied } = this.#of;
    try {
      await apply(await this.#rules());
      this.#log.info({ file }, applied);
    } catch (error) {
      const { message } = error as Error;
      this.#log.error({ file, why: message }, `${file} was not applied, and the rules stay as they were: ${message}; SIGHUP tries again`);
    }
  }

  async #rules(): Promise<Rules> {
    const { file, rulesIn } = this.#of;
    const { rules, warnings } = rulesIn(file, await this.#read(file));
    for (const warning of warnings) this.#log.warn({ file }, warning);
    return rules;
  }
}
