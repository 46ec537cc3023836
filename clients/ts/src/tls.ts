import { readFileSync } from "node:fs";
import https from "node:https";
import tls, { type SecureContextOptions } from "node:tls";
import type { Variables } from "./ci/systems.ts";

/** Paths of PEM files, for a server that speaks TLS. */
export interface TlsFiles {
  /** The authorities whose certificates are taken of a server, and no others; those that Node knows unless given. */
  readonly ca?: string | undefined;
  /** The certificate by which we are known, with those between it and its authority; and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type Name = keyof TlsFiles;

const SETTINGS: Readonly<Record<Name, string>> = { ca: "CALL_ME_CA", cert: "CALL_ME_CLIENT_CERT", key: "CALL_ME_CLIENT_KEY" };

/** The files that variables name. */
export function tlsFilesIn(env: Variables): TlsFiles {
  return { ca: env[SETTINGS.ca] || undefined, cert: env[SETTINGS.cert] || undefined, key: env[SETTINGS.key] || undefined };
}

/** What the files say now, for Node. Throws a TypeError that names setting, file and remedy. */
export function pemOf(files: TlsFiles): SecureContextOptions {
  if ((files.cert === undefined) !== (files.key === undefined))
    throw new TypeError(`${SETTINGS.cert} and ${SETTINGS.key} go together: give the paths of both PEM files`);
  const given = (Object.keys(SETTINGS) as Name[]).flatMap((name) => {
    const file = files[name];
    return file === undefined ? [] : [{ name, file }];
  });
  if (given.length === 0) return {};
  const pem = Object.fromEntries(given.map(({ name, file }) => [name, read(name, file)]));
  if (pem["ca"] !== undefined && !/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(pem["ca"].toString("latin1")))
    throw new TypeError(`${SETTINGS.ca} is ${files.ca}, which has no certificate in PEM`);
  try {
    tls.createSecureContext(pem);
  } catch (error) {
    // Which one it is, Node does not say; a CA that is read alone without an error is not to blame.
    const guilty = isUsable({ ca: pem["ca"] }) ? given.filter(({ name }) => name !== "ca") : given.filter(({ name }) => name === "ca");
    const named = guilty.map(({ name, file }) => `${SETTINGS[name]} ${file}`).join(" and ");
    throw new TypeError(`${named} cannot be used: ${(error as Error).message}`);
  }
  return pem;
}

function isUsable(pem: SecureContextOptions): boolean {
  try {
    tls.createSecureContext(pem);
    return true;
  } catch {
    return false;
  }
}

function read(name: Name, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TypeError(`${SETTINGS[name]} is ${file}, which cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Connects with what the files say at that time: certificates are renewed while a lease is held. While they cannot be used, with what they said
 * before. No session is resumed, as its certificate would be the old one.
 */
export class FileAgent extends https.Agent {
  readonly #files: TlsFiles;
  #pem: SecureContextOptions;

  /** Throws a TypeError. */
  constructor(files: TlsFiles, options: https.AgentOptions) {
    super({ ...options, maxCachedSessions: 0 });
    this.#files = files;
    this.#pem = pemOf(files);
  }

  override createConnection(...[options, done]: Parameters<https.Agent["createConnection"]>): ReturnType<https.Agent["createConnection"]> {
    try {
      this.#pem = pemOf(this.#files);
    } catch {
      // Being written just now, or gone: the next connection looks again.
    }
    return super.createConnection({ ...options, ...this.#pem }, done);
  }
}
