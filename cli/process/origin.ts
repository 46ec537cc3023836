import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** How this process was started. */
export interface Started {
  /** The process that the caller started: this one, or its launcher. */
  readonly pid: number;
  /** The file descriptors beyond stderr that the caller passed on. */
  readonly descriptors: readonly number[];
}

/**
 * What the caller gave this process and Node has changed, or decoded, before any of our code runs: so that a command can be started as
 * if the caller had done it. It is read from Linux's /proc; elsewhere nothing is known of it, and all stays as Node has it.
 */
export class Origin {
  /** The file descriptors beyond stderr that the caller passed on. */
  readonly descriptors: readonly number[];
  readonly #pid: number;
  readonly #parent: number;
  /** Their values in latin1. */
  readonly #variables: ReadonlyMap<string, string>;

  constructor({ pid, descriptors }: Started = { pid: process.pid, descriptors: [] }) {
    this.descriptors = descriptors;
    this.#pid = pid;
    this.#parent = Number(/^PPid:\s*(\d+)$/m.exec(read(pid, "status"))?.[1] ?? 0);
    const pairs = list(pid, "environ").map((pair): [string, string] => [
      pair.slice(0, pair.indexOf("=")),
      pair.slice(pair.indexOf("=") + 1),
    ]);
    this.#variables = new Map(pairs.map(([name, value]) => [utf8(name), value]));
  }

  /**
   * The signals that were to be ignored, as far as they can be told: Node lets every signal count again. A hangup, if our parent ignores it, or
   * by the variable in which bash, zsh and ksh leave the name of the command that they ran: nohup. An interrupt, if our parent ignores it and is
   * a shell; other programs do so for themselves while they wait for a child. What else shells ignore is for themselves, too.
   */
  get ignored(): readonly ("SIGHUP" | "SIGINT")[] {
    const status = read(this.#parent, "status");
    const mask = Number.parseInt(/^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(status)?.[1] ?? "0", 16);
    const ignores = (signal: "SIGHUP" | "SIGINT") => ((mask >> (os.constants.signals[signal] - 1)) & 1) === 1;
    const hangup = ignores("SIGHUP") || path.posix.basename(this.#variables.get("_") ?? "") === "nohup";
    const interrupt = ignores("SIGINT") && /^Name:\s*((ba|da|z|k|mk|a)?sh|busybox)$/m.test(status);
    return [...(hangup ? (["SIGHUP"] as const) : []), ...(interrupt ? (["SIGINT"] as const) : [])];
  }

  /**
   * The soft limit of open files, which Node raises to the hard one: our parent's, if it has the same hard limit. Undefined: as it is now.
   */
  get openFiles(): number | undefined {
    const [limits, own] = [filesOf(this.#parent), filesOf(process.pid)];
    return limits !== undefined && limits.hard === own?.hard && limits.soft !== own.soft ? limits.soft : undefined;
  }

  /** The last arguments as they were given, in latin1, where they are no UTF-8; undefined for those that Node could read. */
  lastArguments(decoded: readonly string[]): (string | undefined)[] {
    const given = list(this.#pid, "cmdline").slice(-decoded.length);
    return decoded.map((text, index) => unreadable(given[index], text));
  }

  /** A variable's value as it was given, in latin1, where it is no UTF-8; undefined for one that Node could read, or that is set since. */
  variable(name: string, decoded: string): string | undefined {
    return unreadable(this.#variables.get(name), decoded);
  }
}

function unreadable(given: string | undefined, decoded: string): string | undefined {
  const bytes = Buffer.from(given ?? "", "latin1");
  return utf8(given ?? "") === decoded && !bytes.equals(Buffer.from(decoded)) ? given : undefined;
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

function filesOf(pid: number): { soft: number; hard: string } | undefined {
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\S+)/m.exec(read(pid, "limits")) ?? [];
  return soft === undefined || hard === undefined ? undefined : { soft: Number(soft), hard };
}

function list(pid: number, file: string): string[] {
  return read(pid, file).split("\0").slice(0, -1);
}

/** In latin1, so that no byte is lost; empty where it cannot be read. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
