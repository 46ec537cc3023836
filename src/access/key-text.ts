/**
 * The text of a key: `cmk_<id>_<secret><checksum>`. The secret is 256 random bits; with the checksum a scanner of leaked texts tells a key
 * from what only looks like one, and a mistyped key is told from a wrong one.
 */
import { hash, randomBytes, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

/** What every key begins with. */
const PREFIX = "cmk_";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 10;
/** As many digits as 256 bits, and 32, can have. */
const [SECRET_LENGTH, CHECKSUM_LENGTH] = [43, 6];
const LENGTH = PREFIX.length + ID_LENGTH + 1 + SECRET_LENGTH + CHECKSUM_LENGTH;
const FORM = new RegExp(`^cmk_([0-9a-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);

/** An id for a new key. */
export function newKeyId(): string {
  return Array.from({ length: ID_LENGTH }, () => ID_DIGITS[randomInt(ID_DIGITS.length)]).join("");
}

/** A new secret text for the key of this id. */
export function newKeyText(id: string): string {
  const text = `${PREFIX}${id}_${inDigits(BigInt(`0x${randomBytes(32).toString("hex")}`), SECRET_LENGTH)}`;
  return text + checksumOf(text);
}

/** The id that a text of the length of a key claims to be of, which costs next to nothing to tell; undefined for any other text. */
export function claimedIdOf(text: string): string | undefined {
  return text.length === LENGTH && text.startsWith(PREFIX) ? text.slice(PREFIX.length, PREFIX.length + ID_LENGTH) : undefined;
}

/** The id in the text of a key; undefined if it is none, or was mistyped. */
export function keyIdOf(text: string): string | undefined {
  const id = FORM.exec(text)?.[1];
  return id !== undefined && checksumOf(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH) ? id : undefined;
}

/** What is kept of a key's text. */
export function keyDigest(text: string): string {
  return hash("sha256", text, "base64url");
}

function checksumOf(text: string): string {
  return inDigits(BigInt(crc32(text)), CHECKSUM_LENGTH);
}

function inDigits(value: bigint, length: number): string {
  const base = BigInt(DIGITS.length);
  let [rest, digits] = [value, ""];
  for (let nth = 0; nth < length; nth++, rest /= base) digits = DIGITS[Number(rest % base)] + digits;
  return digits;
}
