import type { Document, LineCounter, Node, Pair, Scalar, YAMLError, YAMLMap } from "yaml";
import { Failure } from "../exit.ts";

/** Where a value is, from the document's root: keys of objects and indexes of lists. */
export type Path = readonly (string | number)[];

/** How many values are read: by aliases a small file can say a lot. */
const MOST_VALUES = 2_000_000;

/** What a JSON or YAML file says, and on which line. */
export class FleetDocument {
  /** How messages call it. */
  readonly file: string;
  /** As of JSON. */
  readonly value: unknown;
  readonly #yaml: typeof import("./yaml.ts");
  readonly #lines: LineCounter;
  readonly #root: Document;
  /** What each alias stands for: the last anchor of that name before it. */
  readonly #targets = new Map<Node, Node>();
  /** The collections whose values are being read. */
  readonly #open = new Set<Node>();
  #values = 0;

  private constructor(file: string, text: string, yaml: typeof import("./yaml.ts")) {
    this.file = file;
    this.#yaml = yaml;
    this.#lines = new yaml.LineCounter();
    // JSON is YAML, too, and this parser knows of lines. Its own look at the keys compares each with each.
    this.#root = yaml.parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false });
    const [first] = [...this.#root.errors, ...this.#root.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
    if (first !== undefined) throw this.#unreadable(first, text);
    if (this.#root.contents === null) throw Failure.usage(`${file} is empty`);
    this.#resolve();
    this.value = this.#valueOf(this.#root.contents);
  }

  /** A usage Failure names the line that cannot be read. */
  static async parse(file: string, text: string): Promise<FleetDocument> {
    return new FleetDocument(file, text, await import("./yaml.ts"));
  }

  /** `fleet.yaml:12`: the line of the value at `path`, or of what is nearest around it where it is not there. */
  place(path: Path): string {
    return this.#lineAt(this.#find(path).offset);
  }

  /** The number of that line. */
  line(path: Path): number {
    return this.#lines.linePos(this.#find(path).offset).line;
  }

  /** The same path with its keys as the file writes them, as far as they are there. */
  spelled(path: Path): Path {
    const { keys } = this.#find(path);
    return [...keys, ...path.slice(keys.length)];
  }

  /** The value at `path` as the file writes it, where it is no list and no object: 1.10, which as a number would be 1.1. */
  source(path: Path): string | undefined {
    const { node } = this.#find(path);
    return this.#yaml.isScalar(node) ? node.source : undefined;
  }

  /** A usage Failure about the value at `path`. */
  failure(path: Path, complaint: string): Failure {
    return Failure.usage(`${this.place(path)}: ${complaint}`);
  }

  #lineAt(offset: number): string {
    return `${this.file}:${this.#lines.linePos(offset).line}`;
  }

  #failureAt(node: unknown, complaint: string): Failure {
    const offset = this.#yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0;
    return Failure.usage(`${this.#lineAt(offset)}: ${complaint}`);
  }

  #unreadable({ code, message, pos: [at] }: YAMLError, text: string): Failure {
    const json = /\.ya?ml$/.test(this.file) ? undefined : complaintOfJson(text);
    const tab = /^ *\t/.test(text.slice(text.lastIndexOf("\n", at - 1) + 1, at + 1));
    const complaint = tab ? "a tab indents this line; YAML wants spaces" : inPlainWords(code);
    const [offset, said] = json ?? [at, complaint ?? `this is neither JSON nor YAML: ${message}`];
    return Failure.usage(`${this.#lineAt(offset)}: ${said}`);
  }

  #resolve(): void {
    const anchors = new Map<string, Node>();
    this.#yaml.visit(this.#root, {
      Node: (_, node) => {
        if (this.#yaml.isAlias(node)) {
          const target = anchors.get(node.source);
          if (target === undefined) throw this.#failureAt(node, `nothing before it is called &${node.source}`);
          this.#targets.set(node, target);
        } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
      },
    });
  }

  #valueOf(node: unknown): unknown {
    if (++this.#values > MOST_VALUES)
      throw this.#failureAt(node, `this is more than ${MOST_VALUES} values, aliases counted; apply it in parts`);
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
    if (isAlias(node)) return this.#valueOf(this.#targets.get(node));
    if (isScalar(node)) return node.value;
    if (!isMap(node) && !isSeq(node)) return null;
    if (this.#open.has(node)) throw this.#failureAt(node, "this contains itself");
    this.#open.add(node);
    const value = isSeq(node) ? node.items.map((item) => this.#valueOf(item)) : this.#objectOf(node);
    this.#open.delete(node);
    return value;
  }

  /** With what is merged into it by `<<`, where it does not say something else itself. */
  #objectOf(node: YAMLMap): object {
    const merged: object[] = [];
    const own = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      const name = this.#keyOf(key);
      if (name === "<<" && isPlain(key)) {
        const given = [this.#valueOf(value)].flat();
        if (given.some((one) => typeof one !== "object" || one === null))
          throw this.#failureAt(key, "<< takes in objects, e.g. <<: *board");
        merged.unshift(...(given as object[]).reverse());
      } else if (own.has(name)) throw this.#failureAt(key, `${JSON.stringify(name)} is given twice; give it once`);
      else own.set(name, this.#valueOf(value));
    }
    return Object.fromEntries([...merged.flatMap((one) => Object.entries(one)), ...own]);
  }

  #keyOf(key: unknown): string {
    if (!this.#yaml.isScalar(key)) throw this.#failureAt(key, "a key must be a text");
    return String(key.value);
  }

  /** The node, or what it is an alias of. */
  #targetOf(node: unknown): Node | undefined {
    return this.#yaml.isNode(node) ? (this.#targets.get(node) ?? node) : undefined;
  }

  /** The entry of a key: an object's own or, where it has none, one that it takes in by `<<`. */
  #entryOf(map: YAMLMap, part: string | number): Pair | undefined {
    const { isMap, isSeq } = this.#yaml;
    const own = map.items.find(({ key }) => isKey(key, part));
    if (own !== undefined) return own;
    const taken = map.items.filter(({ key }) => String(key) === "<<" && isPlain(key)).map(({ value }) => this.#targetOf(value));
    for (const one of taken.flatMap((node) => (isSeq(node) ? node.items.map((item) => this.#targetOf(item)) : [node]))) {
      const entry = isMap(one) ? this.#entryOf(one, part) : undefined;
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #find(path: Path): { readonly offset: number; readonly keys: Path; readonly node: Node | undefined } {
    const { isMap, isNode, isPair, isSeq } = this.#yaml;
    let node = this.#targetOf(this.#root.contents);
    let offset = 0;
    const keys: (string | number)[] = [];
    for (const part of path) {
      const entry = isMap(node) ? this.#entryOf(node, part) : isSeq(node) ? node.items[Number(part)] : undefined;
      const [start, value] = isPair(entry) ? [entry.key, entry.value] : [entry, entry];
      if (!isNode(start)) return { offset, keys, node: undefined };
      offset = start.range?.[0] ?? offset;
      keys.push(isPair(entry) ? String(entry.key) : part);
      node = this.#targetOf(value);
    }
    return { offset, keys, node };
  }
}

/** `<<` in quotes is a name like any other. */
function isPlain(key: unknown): boolean {
  return (key as Scalar).type === "PLAIN";
}

/** Whether a key is meant: as it is written, or as the contract spells the same field (`default_ttl` for `defaultTtl`). */
function isKey(key: unknown, part: string | number): boolean {
  const written = String(key);
  return written === part || written.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) === part;
}

/** What is wrong with the text if it was to be JSON, as a reader of JSON says it, and where. */
function complaintOfJson(text: string): [offset: number, complaint: string] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const { message } = error as SyntaxError;
    const [, at] = /at position (\d+)/.exec(message) ?? [];
    const [said = message] = message.split(/(?: in JSON)? at position|, "/);
    return [at === undefined ? text.trimEnd().length : Number(at), `this is no JSON: ${said}`];
  }
}

/** What the parser of YAML says only to those who know it. */
function inPlainWords(code: string): string | undefined {
  if (code === "MULTIPLE_DOCS") return "a second document begins here; put all into one";
  return code === "RESOURCE_EXHAUSTION" ? "this is nested too deeply" : undefined;
}
