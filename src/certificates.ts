/** The TLS files: read at the start, at every SIGHUP, and when they have changed. */
import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { BadSetting, type TlsSetting } from "./config.ts";
import { contextOf, type TlsOptions } from "./rpc/http/door/tls.ts";
import { Term } from "./term.ts";

interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/**
 * How often the files are looked at, in ms. They are read, not watched: whatever renews them replaces files, links or whole folders, each in
 * its own way.
 */
const INTERVAL = 2_000;
/** After so many of them a file system is said not to answer. */
const HUNG = 5;
/** Of one file, in bytes. */
const LARGEST = 1024 * 1024;

/** What the files say: as it was read, and as it is used. */
interface Read {
  readonly contents: Contents;
  readonly options: TlsOptions;
  readonly terms: readonly Term[];
}

interface Contents {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** Keeps what TLS is spoken with as the files say. */
export class CertificateKeeper {
  readonly #setting: TlsSetting;
  #read: Read;
  #renew: (options: TlsOptions) => void = () => {};
  /** Whether a look is under way, and whether another one was asked for meanwhile. */
  #looking = false;
  #asked = false;
  /** How many looks have been left out because of the one that is under way. */
  #waits = 0;
  /** How often in a row the files could not be used. */
  #failures = 0;

  private constructor(setting: TlsSetting, read: Read) {
    this.#setting = setting;
    this.#read = read;
  }

  /** Reads the files at the start. Rejects with a BadSetting if they cannot be used. */
  static async start(setting: TlsSetting): Promise<CertificateKeeper> {
    return new CertificateKeeper(setting, usable(setting, await contentsOf(setting)));
  }

  /** What TLS is spoken with now. */
  get options(): TlsOptions {
    return this.#read.options;
  }

  /** From now on `renew` is told what the files come to say, and the log when a certificate is about to end. */
  follow(renew: (options: TlsOptions) => void, log: Log): void {
    this.#renew = renew;
    this.#tellTerms(log);
    setInterval(() => {
      this.#tellTerms(log);
      void this.#look(log, false);
    }, INTERVAL).unref();
  }

  /** Looks at the files now, and says also that nothing has changed; after `follow`. */
  again(log: Log): void {
    void this.#look(log, true);
  }

  /** None is put behind one that waits for a file system, but the one that was asked for. */
  async #look(log: Log, asked: boolean): Promise<void> {
    if (this.#looking) {
      this.#asked ||= asked;
      if (++this.#waits === HUNG)
        log.error({ file: this.#setting.cert }, "the certificate stays as it was: its file system does not answer");
      return;
    }
    this.#looking = true;
    this.#waits = 0;
    await this.#lookOnce(log, asked);
    this.#looking = false;
    if (!this.#asked) return;
    this.#asked = false;
    await this.#look(log, true);
  }

  async #lookOnce(log: Log, asked: boolean): Promise<void> {
    const facts = { file: this.#setting.cert };
    try {
      const contents = await contentsOf(this.#setting);
      if (isSame(contents, this.#read.contents)) {
        if (asked) log.info(facts, "the certificate and its key are as they were");
      } else {
        const read = usable(this.#setting, contents);
        this.#renew(read.options);
        this.#read = read;
        log.info({ ...facts, until: read.terms.at(-1)?.end }, "new connections get the new certificate");
      }
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      // A pair that is just being written is whole at the next look.
      if (asked || this.#failures === 2) log.error(facts, `the certificate stays as it was: ${(error as Error).message}`);
    }
  }

  #tellTerms(log: Log): void {
    for (const term of this.#read.terms) term.tell(Date.now(), log);
  }
}

async function contentsOf({ cert, key, clientCa }: TlsSetting): Promise<Contents> {
  // One after the other: each that hangs keeps one of Node's four threads for files and names.
  return {
    cert: await read("CALL_ME_TLS_CERT", cert),
    key: await read("CALL_ME_TLS_KEY", key),
    ca: clientCa === undefined ? undefined : await read("CALL_ME_TLS_CLIENT_CA", clientCa),
  };
}

function isSame(one: Contents, other: Contents): boolean {
  const ca = one.ca === undefined || other.ca?.equals(one.ca) === true;
  return one.cert.equals(other.cert) && one.key.equals(other.key) && ca;
}

async function read(name: string, file: string): Promise<Buffer> {
  try {
    // Of what is no file, such as a pipe, nobody can say that it will ever come to its end.
    const found = await stat(file);
    if (!found.isFile() || found.size > LARGEST) throw new Error(`it is no file of at most ${LARGEST / 1024} KiB`);
    return await readFile(file);
  } catch (error) {
    throw new BadSetting(`${name} is ${file}, which cannot be read: ${(error as Error).message}`);
  }
}

function usable({ minVersion, demandsCertificate, ...files }: TlsSetting, contents: Contents): Read {
  const { cert, key, ca } = contents;
  const options: TlsOptions = { cert, key, minVersion, ...(ca && { clientCa: ca }), demandsCertificate };
  const terms: Term[] = [];
  if (ca !== undefined) {
    const found = judged(`CALL_ME_TLS_CLIENT_CA is ${files.clientCa}, which`, () => certificatesIn(ca));
    terms.push(new Term(files.clientCa ?? "", found));
  }
  const found = judged(`CALL_ME_TLS_CERT ${files.cert} and CALL_ME_TLS_KEY ${files.key}`, () => {
    createSecureContext(contextOf(options));
    return certificatesIn(cert);
  });
  terms.push(new Term(files.cert, found));
  return { contents, options, terms };
}

function judged<T>(what: string, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    throw new BadSetting(`${what} cannot be used: ${(error as Error).message}`);
  }
}

/** All that a PEM file has; throws if there is none, or one of them is damaged. */
function certificatesIn(pem: Buffer): X509Certificate[] {
  const blocks = pem.toString("latin1").split(/(?=-----BEGIN )/);
  const found = blocks.filter((block) => /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(block));
  if (found.length === 0) throw new Error("it has no certificate in PEM");
  return found.map((block) => new X509Certificate(block));
}
