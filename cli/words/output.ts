import { once } from "node:events";
import type { Writable } from "node:stream";
import { type DescMessage, type JsonValue, type MessageShape, toJson } from "@bufbuild/protobuf";
import type { Channel } from "../ci/log.ts";
import { finish } from "../streams/finish.ts";
import { Words } from "../streams/words.ts";
import { plain, plainJson, plainLine } from "./plain.ts";
import { layOut, type Table } from "./table.ts";
import { shorten } from "./width.ts";

/** How many columns a line has where nobody says. */
const WIDTH = 80;

const ERASE = "\r\x1b[2K";
/** Of a secret of several lines, shorter ones are not hidden: they could be `}` or `--`. */
const SHORT = 4;
/** In ms. */
const MOMENT = 250;

/** Who reads what we say. */
interface Readers {
  /** What the CI system's log can do, if it can do more than lines. */
  readonly channel: Channel | undefined;
  /** Not in a CI system: some give their jobs a terminal, but keep what is written there as a log. */
  readonly attended: boolean;
}

/** What a command says: data on stdout, words for people on stderr. Nothing in it can command a terminal or a CI system's log. */
export class Output {
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly #channel: Channel | undefined;
  readonly #attended: boolean;
  /** Whether a CI system may read stdout as its log. */
  readonly isLogged: boolean;
  #live = "";

  constructor(stdout: Writable, stderr: Writable, { channel, attended }: Readers) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#channel = channel;
    this.#attended = attended && channel === undefined;
    this.isLogged = !this.#attended;
  }

  /** A line of the answer. */
  data(line: string): void {
    this.#print(this.#stdout, plainLine(line));
  }

  /** The same in a colour (an SGR parameter such as 32), where a person sees it. */
  coloured(line: string, colour: number): void {
    this.#print(this.#stdout, `\x1b[${colour}m${plainLine(line)}\x1b[0m`);
  }

  /** Whether a person sees stdout on a screen. */
  get onScreen(): boolean {
    return this.#attended && "isTTY" in this.#stdout && this.#stdout.isTTY === true;
  }

  /** A line of an answer that goes on and on: on a screen it is cut to one line of it. */
  entry(line: string): void {
    this.data(this.onScreen ? shorten(plain(line), this.#width) : line);
  }

  /** A line for who watches. It begins with `call-me:`, since others write there too: the command of `exec`, and the rest of a job. */
  word(line: string): void {
    this.#print(this.#stderr, plainLine(`call-me: ${line}`));
  }

  /** What another program reads, as it is: the caller answers for every character. */
  raw(text: string): void {
    this.#print(this.#stdout, text);
  }

  /** Waits until a line of data would not have to wait for those before it. Rejects with the signal's reason. */
  async room(interruption: AbortSignal): Promise<void> {
    if (this.#stdout.writableNeedDrain)
      await once(this.#stdout, "drain", { signal: interruption }).catch(() => interruption.throwIfAborted());
  }

  /**
   * Ends the answer, and waits until all of it is out, however slow its reader is. Rejects with a Failure if it cannot be written, or with
   * the signal's reason.
   */
  async finish(interruption: AbortSignal): Promise<void> {
    await finish(this.#stdout, interruption);
  }

  /** Waits for a moment, so that orders to the CI system's log stand before what another process writes there. Never rejects. */
  async said(): Promise<void> {
    if (this.#channel !== undefined && this.#stderr instanceof Words) await this.#stderr.settled(MOMENT);
  }

  /** Opens a section of the CI system's log; the function that it gives closes it. Elsewhere neither does anything. */
  section(title: string): (outcome: string) => void {
    const channel = this.#channel;
    if (channel === undefined) return () => {};
    this.#print(this.#stderr, channel.open(title));
    return (outcome) => this.#print(this.#stderr, channel.close(outcome));
  }

  /** A word that stands out in the CI system's log, or on the run's page. Elsewhere nothing. */
  notice(text: string): void {
    if (this.#channel !== undefined) this.#print(this.#stderr, this.#channel.notice(text));
  }

  /**
   * Has the CI system hide a secret wherever it appears in the log from now on, if it can: each line of it by itself, as logs have it, but no
   * line so short that it would be hidden everywhere.
   */
  mask(secret: string): void {
    const lines = secret.split(/[\r\n]+/).filter((line) => line !== "" && (line === secret || line.length >= SHORT));
    for (const line of lines) {
      const order = this.#channel?.mask(line) ?? "";
      if (order !== "") this.#print(this.#stderr, order);
    }
  }

  /** Whether a person sees stderr on a screen, where a line can be rewritten. */
  get onTerminal(): boolean {
    return this.#attended && "isTTY" in this.#stderr && this.#stderr.isTTY === true;
  }

  /** How many columns the terminal has on which a person sees stderr. */
  get columns(): number {
    return (this.#stderr as { columns?: number }).columns || WIDTH;
  }

  /** The last line on the terminal, rewritten in place, cut to its width; other lines appear above it. Empty: it goes away. */
  live(text: string): void {
    this.#live = shorten(plain(text), this.columns - 1);
    this.#stderr.write(`${ERASE}${this.#live}`);
  }

  /** A message in protobuf's JSON mapping, fields with default values included, as one document over several lines. */
  json<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    this.raw(mapped(schema, message, 2));
  }

  /** The same on one line: NDJSON. */
  jsonLine<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    this.raw(mapped(schema, message));
  }

  /** The same without enumerations that say nothing. */
  sparseLine<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    this.raw(plainJson(JSON.stringify(telling(schema, toJson(schema, message, { alwaysEmitImplicit: true })))));
  }

  /** A table as wide as the terminal; elsewhere within 80 columns. */
  table(table: Table): void {
    for (const line of layOut(table, this.#width)) this.data(line);
  }

  /** How many columns a line on stdout may have. */
  get #width(): number {
    return (this.#stdout as { columns?: number }).columns || WIDTH;
  }

  #print(stream: Writable, text: string): void {
    if (stream === this.#stdout) this.#gather();
    else if (this.#stdout.writableCorked > 0) this.#stdout.uncork();
    if (this.#live !== "") this.#stderr.write(ERASE);
    stream.write(`${text}\n`);
    if (this.#live !== "") this.#stderr.write(this.#live);
  }

  /** The lines of one moment leave together: who reads only the first of them has not left before the last is written. */
  #gather(): void {
    if (this.#stdout.writableCorked > 0) return;
    this.#stdout.cork();
    queueMicrotask(() => this.#stdout.uncork());
  }
}

/** Without the first value of an enumeration, …_UNSPECIFIED. */
function telling(type: DescMessage, json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  const entries = Object.entries(json).flatMap(([name, value]): [string, JsonValue][] => {
    const field = type.fields.find(({ jsonName }) => jsonName === name);
    if (field?.enum !== undefined && value === field.enum.values[0]?.name) return [];
    return [[name, field?.fieldKind === "message" ? telling(field.message, value) : value]];
  });
  return Object.fromEntries(entries);
}

function mapped<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>, indent?: number): string {
  return plainJson(JSON.stringify(toJson(schema, message, { alwaysEmitImplicit: true }), null, indent));
}
