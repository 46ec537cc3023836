/**
 * A selector as people write it, and as Kubernetes does: `tier=uat,region in (eu,us),!gpu`. Any label can be written: what is no plain word
 * stands in quotes, as a JSON text. `docs/contract.md` has the grammar.
 */
import type { Requirement, Selector } from "./selector.ts";

/** What is wrong with a text, in words, and from which character on, counted from 1. */
export interface SelectorFault {
  readonly problem: string;
  readonly at: number;
}

/** One of them stands where the last one ended; what is none of them is a fault. */
const TOKEN = /\s*(?:(?<mark>==|!=|[=!,()])|(?<word>[\p{L}\p{N}._/:@+-]+)|(?<quoted>"(?:[^"\\]|\\.)*"))/uy;
const PLAIN = /^[\p{L}\p{N}._/:@+-]+$/u;

interface Token {
  readonly kind: "mark" | "word" | "end";
  readonly text: string;
  readonly at: number;
}

class Fault extends Error {
  readonly at: number;

  constructor(problem: string, at: number) {
    super(problem);
    this.at = at;
  }
}

/** A selector as text; `parseSelector` reads it again. */
export function textOf(selector: Selector): string {
  const texts = selector.map(({ key, operator, values }) => {
    if (operator === "EXISTS") return written(key);
    if (operator === "ABSENT") return `!${written(key)}`;
    const [value = ""] = values;
    if (values.length === 1) return `${written(key)}${operator === "IN" ? "=" : "!="}${written(value)}`;
    return `${written(key)} ${operator === "IN" ? "in" : "notin"} (${values.map(written).join(",")})`;
  });
  return texts.length === 0 ? "an empty selector" : texts.join(",");
}

function written(word: string): string {
  return PLAIN.test(word) ? word : JSON.stringify(word);
}

/** Reads a selector with one requirement at least, in a time that grows with the text's length. */
export function parseSelector(text: string): Selector | SelectorFault {
  try {
    return new Parser(tokensOf(text)).selector();
  } catch (error) {
    if (error instanceof Fault) return { problem: error.message, at: error.at };
    throw error;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end; ) {
    const from = TOKEN.lastIndex;
    const { mark, word, quoted } = TOKEN.exec(text)?.groups ?? {};
    const at = TOKEN.lastIndex - (mark ?? word ?? quoted ?? "").length + 1;
    if (mark !== undefined) tokens.push({ kind: "mark", text: mark, at });
    else if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (quoted !== undefined) tokens.push({ kind: "word", text: unquoted(quoted, at), at });
    else throw strange(text, from);
  }
  return [...tokens, { kind: "end", text: "", at: end + 1 }];
}

function unquoted(quoted: string, at: number): string {
  try {
    return JSON.parse(quoted);
  } catch {
    throw new Fault("what stands in quotes is no JSON text", at);
  }
}

function strange(text: string, from: number): Fault {
  const at = from + text.slice(from).search(/\S/);
  if (text[at] === '"') return new Fault("a quote is not closed", at + 1);
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return new Fault(`${JSON.stringify(character)} can stand in double quotes only`, at + 1);
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  /** The last token is the end. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  selector(): Selector {
    const requirements = [this.#requirement()];
    while (this.#take(",")) requirements.push(this.#requirement());
    if (this.#token.kind !== "end") throw this.#expected("a comma");
    return requirements;
  }

  #requirement(): Requirement {
    if (this.#take("!")) return { key: this.#word("a label's name"), operator: "ABSENT", values: [] };
    const key = this.#word("a label's name");
    if (this.#take("=") || this.#take("==")) return { key, operator: "IN", values: [this.#value()] };
    if (this.#take("!=")) return { key, operator: "NOT_IN", values: [this.#value()] };
    if (this.#token.kind !== "word") return { key, operator: "EXISTS", values: [] };
    const operator = this.#token.text === "in" ? "IN" : "NOT_IN";
    if (operator === "NOT_IN" && this.#token.text !== "notin") throw this.#expected("=, !=, in, notin or a comma");
    this.#next++;
    return { key, operator, values: this.#values() };
  }

  #values(): readonly string[] {
    if (!this.#take("(")) throw this.#expected("an opening parenthesis");
    const values = [this.#word("a value")];
    while (this.#take(",")) values.push(this.#word("a value"));
    if (!this.#take(")")) throw this.#expected("a comma or a closing parenthesis");
    return values;
  }

  /** As in Kubernetes, nothing behind = is the empty value. */
  #value(): string {
    return this.#token.kind === "end" || this.#token.text === "," ? "" : this.#word("a value");
  }

  #word(what: string): string {
    const { kind, text } = this.#token;
    if (kind !== "word") throw this.#expected(what);
    this.#next++;
    return text;
  }

  #take(mark: string): boolean {
    const { kind, text } = this.#token;
    const taken = kind === "mark" && text === mark;
    if (taken) this.#next++;
    return taken;
  }

  #expected(what: string): Fault {
    const { kind, text, at } = this.#token;
    return new Fault(kind === "end" ? `it ends where ${what} is expected` : `${JSON.stringify(text)} stands where ${what} is expected`, at);
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", at: 0 };
  }
}
