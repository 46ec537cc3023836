// curl as a process: what scripts use.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Address } from "./clients.ts";

/** What curl got; headers by their name in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON; throws if it is none. */
  json(): Record<string, unknown>;
}

/** Runs `curl ARGS`, with `stdin` for `-d @-`. Rejects when curl fails. */
export async function curl(args: readonly string[], stdin = ""): Promise<Answer> {
  const child = start(["-i", ...args], "pipe");
  child.stdin?.on("error", () => undefined).end(stdin);
  const [out, err, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, "close")]);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${err}`);
  return parse(out);
}

/** A Connect call as the README shows it: JSON in, JSON out, over whatever HTTP curl prefers; `more` are further options of curl. */
export async function post({ url, key }: Address, method: string, message: object | string, more: readonly string[] = []): Promise<Answer> {
  const body = typeof message === "string" ? message : JSON.stringify(message);
  const headers = ["-H", `x-api-key: ${key}`, "-H", "content-type: application/json"];
  return await curl([...headers, "--data-binary", "@-", ...more, `${url}/callme.v1.${method}`], body);
}

/** `curl -N`: the JSON documents of an endless answer, line by line; disposing ends curl. */
export class CurlLines implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(args: readonly string[]) {
    this.#child = start(["-N", ...args], "ignore");
    if (this.#child.stdout === null) throw new Error("spawned without a pipe");
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** The next document; throws at the end. */
  async next(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the answer has ended");
    return JSON.parse(value) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const end = once(this.#child, "exit");
    this.#child.kill();
    await end;
  }
}

function start(args: readonly string[], stdin: "pipe" | "ignore"): ChildProcess {
  // -q: nobody's .curlrc; no proxy between us and ourselves.
  return spawn("curl", ["-q", "-sS", "--noproxy", "*", "--max-time", "15", ...args], { stdio: [stdin, "pipe", "pipe"] });
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? "" : await text(stream);
}

/** The last response: an earlier one is `100 Continue`. */
function parse(output: string): Answer {
  let rest = output;
  let head = "";
  do {
    const end = rest.indexOf("\r\n\r\n");
    head = rest.slice(0, end);
    rest = rest.slice(end + 4);
  } while (/^HTTP\/\S+ 100/.test(head));
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  return { status: Number(statusLine.split(" ")[1]), headers, body: rest, json: () => JSON.parse(rest) as Record<string, unknown> };
}
