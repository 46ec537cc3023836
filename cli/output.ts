import type { Writable } from "node:stream";
import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";

const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * A text on one line and without power over the terminal: control and bidi characters are taken out. Names and reasons are
 * others' words; printed as they are they could move the cursor, hide text, or give orders to a CI system's log reader.
 */
export function plain(text: string): string {
  return text.replace(UNSAFE, "");
}

/** What a command says: data on stdout, words for people on stderr. */
export class Output {
  readonly #stdout: Writable;
  readonly #stderr: Writable;

  constructor(stdout: Writable, stderr: Writable) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** A line of the answer. */
  data(line: string): void {
    this.#stdout.write(`${plain(line)}\n`);
  }

  /** A line for who watches. */
  word(line: string): void {
    this.#stderr.write(`${plain(line)}\n`);
  }

  /** A message in protobuf's JSON mapping, fields with default values included, as one document over several lines. */
  json<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    this.#stdout.write(`${mapped(schema, message, 2)}\n`);
  }

  /** The same on one line: NDJSON. */
  jsonLine<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    this.#stdout.write(`${mapped(schema, message)}\n`);
  }

  /** Rows in aligned columns; the first row is the heading. */
  table(rows: readonly (readonly string[])[]): void {
    const cells = rows.map((row) => row.map(plain));
    const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    for (const row of cells)
      this.data(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd(),
      );
  }
}

function mapped<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>, indent?: number): string {
  const text = JSON.stringify(toJson(schema, message, { alwaysEmitImplicit: true }), null, indent);
  // JSON leaves C1 and bidi characters as they are; the line breaks here are our own indentation.
  return text.replace(UNSAFE, (found) => (found === "\n" ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`));
}
