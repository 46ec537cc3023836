// Certificates of our own making, of any age and with any names: a CA, and what it issues.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its key, in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface Wanted {
  /** Its subject's common name. */
  readonly name?: string;
  /** Its alternative names: a kind and a value each, such as `URI:spiffe://a/b`, `DNS:a.b`, `email:a@b` or `IP:127.0.0.1`. None: without any. */
  readonly names?: readonly string[];
  /** From an hour ago until a day from now, unless given. */
  readonly from?: Date;
  readonly until?: Date;
  /** What it may be used for; for a server and a client, unless given. */
  readonly use?: "server" | "client";
}

const HOUR = 3_600_000;

/** A time so many hours from now. */
export function hours(count: number): Date {
  return new Date(Date.now() + count * HOUR);
}

/** A CA with a key of its own. */
export class Authority {
  readonly #name: string;
  readonly #key: KeyObject;
  /** Its certificate, in PEM. */
  readonly cert: string;

  constructor(name = "a CA", until = hours(24)) {
    this.#name = name;
    this.#key = keyPair();
    this.cert = pem("CERTIFICATE", certificate({ name, until }, this.#key, name, this.#key, true));
  }

  /** A certificate, and its key. */
  issue(wanted: Wanted): Pair {
    const key = keyPair();
    const cert = pem("CERTIFICATE", certificate(wanted, key, this.#name, this.#key, false));
    return { cert, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
  }
}

function keyPair(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** A value of DER: its tag, length and content. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const bytes = [body.length >> 8, body.length & 0xff];
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, ...bytes];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: readonly Uint8Array[]) => der(0x30, ...content);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const text = (tag: number, value: string) => der(tag, Buffer.from(value));
const TRUE = der(0x01, Buffer.from([0xff]));

const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
const [COMMON_NAME, BASIC, ALTERNATIVE, USE] = ["550403", "551d13", "551d11", "551d25"].map(oid) as [Buffer, Buffer, Buffer, Buffer];
const USES = { server: oid("2b06010505070301"), client: oid("2b06010505070302") };
const TAGS: Readonly<Record<string, number>> = { email: 0x81, DNS: 0x82, URI: 0x86, IP: 0x87 };

function certificate(wanted: Wanted, key: KeyObject, issuer: string, signer: KeyObject, isAuthority: boolean): Buffer {
  const { name = "somebody", names = [], from = hours(-1), until = hours(24), use } = wanted;
  const subject = (value: string) => sequence(der(0x31, sequence(COMMON_NAME, text(0x0c, value))));
  const time = (at: Date) => text(0x18, `${at.toISOString().replace(/[-:T]|\.\d+/g, "")}`);
  const extensions = [
    ...(isAuthority ? [sequence(BASIC, TRUE, der(0x04, sequence(TRUE)))] : []),
    ...(names.length === 0 ? [] : [sequence(ALTERNATIVE, der(0x04, sequence(...names.map(alternative))))]),
    ...(isAuthority ? [] : [sequence(USE, der(0x04, sequence(...(use === undefined ? Object.values(USES) : [USES[use]]))))]),
  ];
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ECDSA_SHA256,
    subject(issuer),
    sequence(time(from), time(until)),
    subject(name),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  return sequence(content, ECDSA_SHA256, der(0x03, Buffer.from([0]), sign("sha256", content, signer)));
}

function alternative(name: string): Buffer {
  const [kind = "", value = ""] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
  const tag = TAGS[kind];
  if (tag === undefined) throw new Error(`${kind} is no kind of name; there are ${Object.keys(TAGS).join(", ")}`);
  return kind === "IP" && isIPv4(value) ? der(tag, Buffer.from(value.split(".").map(Number))) : text(tag, value);
}
