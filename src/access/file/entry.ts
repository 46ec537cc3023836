/** What a file of access rules says, value by value. Every complaint names file, line, field, value and remedy. */

import { isPlain } from "../plain.ts";

/** A value of a file and the line that it stands on: a text as the file writes it, a list or an object; nothing of these for null. */
export interface Lined {
  readonly line: number;
  readonly text?: string;
  readonly list?: readonly Lined[];
  readonly fields?: ReadonlyMap<string, Lined>;
}

/** A file of access rules that cannot be used. */
export class BadFile extends Error {
  override readonly name = "BadFile";
}

/** A range of numbers, both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** One value of a file. */
export class Entry {
  readonly #file: string;
  /** As messages write it: `issuers[0].audience`. */
  readonly path: string;
  readonly #node: Lined;

  constructor(file: string, path: string, node: Lined) {
    this.#file = file;
    this.path = path;
    this.#node = node;
  }

  /** Whether there is anything: a key without a value is as good as none. */
  get given(): boolean {
    const { text, list, fields } = this.#node;
    return text !== undefined || list !== undefined || fields !== undefined;
  }

  /** The text that stands here; undefined for a list, an object and nothing. */
  get written(): string | undefined {
    return this.#node.text;
  }

  /** Whether a list stands here. */
  get isList(): boolean {
    return this.#node.list !== undefined;
  }

  /** The fault of this value, to be thrown: `access.yaml:12: issuers[0].audience: got 5; write …`. */
  fault(complaint: string): BadFile {
    return new BadFile(`${this.#file}:${this.#node.line}: ${this.path === "" ? "the file" : this.path}: ${complaint}`);
  }

  /** The fault of a value that is something else. */
  got(remedy: string): BadFile {
    const { text, list, fields } = this.#node;
    const found = list ? "a list" : fields ? "an object" : text === undefined ? "nothing" : JSON.stringify(text.slice(0, 80));
    return this.fault(`got ${found}; ${remedy}`);
  }

  /** A text that is not empty, of at most so many characters, none of which is for control. */
  text(remedy: string, longest = 512): string {
    const { text = "" } = this.#node;
    if (text === "" || text.length > longest || !isPlain(text)) throw this.got(remedy);
    return text;
  }

  /** One of these words. */
  word<T extends string>(words: readonly T[]): T {
    const found = words.find((word) => word === this.#node.text);
    if (found === undefined) throw this.got(`write one of ${words.join(", ")}`);
    return found;
  }

  /** A whole number. */
  number({ min, max }: Range): number {
    const { text = "" } = this.#node;
    const number = Number(text);
    if (!/^-?\d{1,15}$/.test(text) || number < min || number > max) throw this.got(`write a whole number from ${min} to ${max}`);
    return number;
  }

  /** The entries of a list, of `range` many; one that is no list stands for itself. */
  entries(range: Range): Entry[] {
    const { list } = this.#node;
    if (list === undefined) return [this];
    if (list.length < range.min || list.length > range.max)
      throw this.fault(`has ${list.length} entries; give ${range.min} to ${range.max}`);
    return list.map((node, index) => new Entry(this.#file, `${this.path}[${index}]`, node));
  }

  /** The entries of what must be a list. */
  list(range: Range): Entry[] {
    if (!this.isList) throw this.got("write a list, […]");
    return this.entries(range);
  }

  /** The fields of an object, by name, those that are given. */
  fields(): ReadonlyMap<string, Entry> {
    const { fields } = this.#node;
    if (fields === undefined) throw this.got("write an object, {…}");
    const prefix = this.path === "" ? "" : `${this.path}.`;
    const all = [...fields].map(([name, node]) => [name, new Entry(this.#file, prefix + name, node)] as const);
    return new Map(all.filter(([, entry]) => entry.given));
  }

  /** An object that has none but these fields. `others`: what those are called here whose names are known from elsewhere. */
  object<N extends string>(names: readonly N[], others: Readonly<Record<string, string>> = {}): Fields<N> {
    const fields = this.fields();
    for (const [name, entry] of fields) {
      if ((names as readonly string[]).includes(name)) continue;
      const here = Object.hasOwn(others, name) ? `here it is called ${others[name]}` : `there are ${names.join(", ")}`;
      throw entry.fault(`is unknown; ${here}`);
    }
    return new Fields(this, fields);
  }
}

/** The fields of an object that may have those named N. */
export class Fields<N extends string> {
  readonly #of: Entry;
  readonly #fields: ReadonlyMap<string, Entry>;

  constructor(of: Entry, fields: ReadonlyMap<string, Entry>) {
    this.#of = of;
    this.#fields = fields;
  }

  get(name: N): Entry | undefined {
    return this.#fields.get(name);
  }

  /** A field that must be there. */
  need(name: N, remedy: string): Entry {
    const found = this.#fields.get(name);
    if (found === undefined) throw this.#of.fault(`${name} is missing; ${remedy}`);
    return found;
  }
}
