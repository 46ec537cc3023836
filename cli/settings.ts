import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { systemOf } from "../clients/ts/src/ci/systems.ts";
import { addressOf, keyOf } from "../clients/ts/src/settings.ts";
import { pemOf, type TlsFiles, tlsFilesIn } from "../clients/ts/src/tls.ts";
import { type Tokens, tokensBeside, tokensFor } from "../clients/ts/src/token/tokens.ts";
import { Failure } from "./exit.ts";

/** Environment variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Where the server is and what opens it. */
export interface Settings {
  readonly url: string;
  /** An API key or a lease token; undefined: the server asks for none, or there are tokens. */
  readonly key: string | undefined;
  /** For https: the server's authorities, and our own certificate. */
  readonly tls: TlsFiles;
  /** The tokens of the CI job that we run in: where no key is set, or to be shown beside it. */
  readonly tokens?: Tokens | undefined;
  /** Without a key or tokens: how this CI system gives tokens to a job. */
  readonly advice?: string | undefined;
  /** Beside the tokens: what opens the lease in hand. */
  readonly leaseToken?: string | undefined;
}

/** What the command line says about them. */
export interface Given {
  readonly url: string | undefined;
  readonly keyFile: string | undefined;
  readonly stdin: Readable;
  /** Told of each token of the CI job, before it is used. */
  readonly fetched?: (token: string) => void;
}

/** The process's environment variables. This file is the only one of the client that looks at them. */
export function environment(): Record<string, string | undefined> {
  return process.env;
}

/** Colours only for a person who has not declined them (NO_COLOR). */
export function wantsColour(env: Variables, stdout: object): boolean {
  return "isTTY" in stdout && stdout.isTTY === true && !env["NO_COLOR"];
}

/**
 * The command line first, then CALL_ME_URL or HOST, and CALL_ME_API_KEY or API_KEY (not in a command of exec), the tokens of the CI job, or
 * CALL_ME_LEASE_TOKEN; an empty variable is none. A settings Failure (3) says what is wrong with which.
 */
export async function readSettings(env: Variables, given: Given): Promise<Settings> {
  const url = readUrl(env, given.url);
  const tls = tlsFilesIn(env);
  accepted(() => pemOf(tls));
  const key = await readKey(env, given);
  const wanted = { url, env, fetched: given.fetched ?? (() => {}) };
  if (key !== undefined) return { url, tls, key, tokens: accepted(() => tokensBeside(wanted)) };
  const tokens = accepted(() => (tls.cert === undefined ? tokensFor(wanted) : tokensBeside(wanted)));
  const leaseToken = readVariable(env, ["CALL_ME_LEASE_TOKEN"]);
  return tokens === undefined ? { url, tls, key: leaseToken, advice: systemOf(env)?.token } : { url, tls, key, tokens, leaseToken };
}

/** The lease that an enclosing `acquire` or `exec` handed on. */
export function leaseInHand(env: Variables): string | undefined {
  return env["CALL_ME_LEASE_ID"] || undefined;
}

/** The grant of that lease that was handed on with it: its fencing token. Undefined for another lease, or one that was not granted yet. */
export function grantInHand(env: Variables, leaseId: string): bigint | undefined {
  const token = env["CALL_ME_FENCING_TOKEN"] ?? "";
  return leaseInHand(env) === leaseId && /^[1-9]\d*$/.test(token) ? BigInt(token) : undefined;
}

function readUrl(env: Variables, option: string | undefined): string {
  const [source, value] =
    option !== undefined ? ["--url", option] : env["CALL_ME_URL"] ? ["CALL_ME_URL", env["CALL_ME_URL"]] : ["HOST", host(env)];
  return accepted(() => addressOf(source, value));
}

/** The original's HOST is host:port, and some give it a scheme. Some shells set HOST to the machine's bare name: that is not meant. */
function host(env: Variables): string {
  const value = (env["HOST"] ?? "").trim();
  if (/^https?:\/\//i.test(value)) return value;
  return /:\d+$/.test(value) ? `http://${value}` : "http://127.0.0.1:8000";
}

async function readKey(env: Variables, given: Given): Promise<string | undefined> {
  const { keyFile } = given;
  if (keyFile === undefined) {
    // What is left of API_KEY in a command of exec is a key to something else.
    const general = env["CALL_ME_EXEC"] ? [] : ["API_KEY"];
    return readVariable(env, ["CALL_ME_API_KEY", ...general]);
  }
  const source = keyFile === "-" ? "stdin" : keyFile;
  const content = await (keyFile === "-" ? text(given.stdin) : readFile(keyFile, "utf8")).catch((error: Error) => {
    throw Failure.settings(`cannot read the key file ${source}: ${error.message}`);
  });
  if (content.trim() === "") throw Failure.settings(`the key file ${source} is empty`);
  return accepted(() => keyOf(`the key in ${source}`, content));
}

/** The first of these keys that is set. */
function readVariable(env: Variables, names: readonly string[]): string | undefined {
  const name = names.find((candidate) => env[candidate]);
  return name === undefined ? undefined : accepted(() => keyOf(name, env[name] ?? ""));
}

/** What is wrong with a setting ends the command with 3. */
function accepted<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw Failure.settings((error as Error).message);
  }
}
