/** Messages as protobuf's bytes, in the envelope that gRPC puts around them. */
import { create, type DescField, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { Compiled, type Kind, type Kinds } from "./compile.ts";

/** Bytes at the head of an envelope: a flag, and the length of what follows. */
export const HEAD = 5;
const VARINT = 0;
const DELIMITED = 2;
/** The numbers of the fields of an entry of a map. */
const KEY = 1;
const VALUE = 2;

/** Bytes that grow at their end; used again and again. */
class Sheet {
  bytes = Buffer.allocUnsafe(4_096);
  end = 0;

  /** Makes room for so many bytes more. */
  reserve(count: number): void {
    if (this.end + count <= this.bytes.byteLength) return;
    const grown = Buffer.allocUnsafe(2 * (this.end + count));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.bytes[this.end++] = (rest % 0x80) | 0x80;
    this.bytes[this.end++] = rest;
  }

  long(value: bigint): void {
    if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) {
      this.varint(Number(value));
      return;
    }
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) this.bytes[this.end++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.end++] = Number(rest);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.reserve(length);
    this.end += this.bytes.write(value, this.end);
  }

  /** What `write` writes, with its length before it. */
  delimited(write: () => void): void {
    this.reserve(1);
    const start = ++this.end;
    write();
    const length = this.end - start;
    let size = 1;
    for (let rest = length; rest >= 0x80; rest >>= 7) size++;
    this.reserve(size);
    if (size > 1) this.bytes.copyWithin(start + size - 1, start, this.end);
    this.end = start - 1;
    this.varint(length);
    this.end += length;
  }
}

const tagged =
  <V>(wireType: number, write: (out: Sheet, value: V) => void): Kind<Sheet> =>
  (field, bare) => {
    const tag = (field.number << 3) | wireType;
    return (out, value) => {
      if (!bare) out.varint(tag);
      write(out, value);
    };
  };

const int = tagged(VARINT, (out, value: number) => (value < 0 ? out.long(BigInt(value)) : out.varint(value)));

export const KINDS: Kinds<Sheet> = {
  text: tagged(DELIMITED, (out, value: string) => out.text(value)),
  truth: tagged(VARINT, (out, value: boolean) => out.varint(value ? 1 : 0)),
  int,
  long: tagged(VARINT, (out, value: bigint) => out.long(value)),
  enum: int,
  message: (fields) => tagged(DELIMITED, (out, value: never) => out.delimited(() => fields(out, value))),
  list: (field, each) => {
    const packed = isPacked(field);
    const write = each(field, packed);
    const all = (out: Sheet, values: readonly never[]) => {
      for (const value of values) write(out, value);
    };
    if (!packed) return all;
    return tagged(DELIMITED, (out, values: never) => out.delimited(() => all(out, values)))(field, false);
  },
  // Each entry is a message of a key and a value.
  map: (field, each) => {
    const tag = (field.number << 3) | DELIMITED;
    const write = each({ ...field, number: VALUE }, false);
    return (out, values: Readonly<Record<string, never>>) => {
      for (const [key, value] of Object.entries(values)) {
        out.varint(tag);
        out.delimited(() => {
          out.varint((KEY << 3) | DELIMITED);
          out.text(key);
          write(out, value);
        });
      }
    };
  },
  special: () => undefined,
};

function isPacked(field: DescField): boolean {
  return field.fieldKind === "list" && field.listKind !== "message" && field.packed;
}

const sheet = new Sheet();

const compiled = new Compiled(KINDS);

/** What a method returns, as a message of this type in an envelope. */
export function envelopeOf<S extends DescMessage>(type: S, init: MessageInitShape<S>): Uint8Array {
  const fields = compiled.fieldsOf(type);
  if (fields === undefined) return encodeEnvelope(0, toBinary(type, create(type, init)));
  sheet.end = HEAD;
  fields(sheet, init as never);
  sheet.bytes[0] = 0;
  sheet.bytes.writeUInt32BE(sheet.end - HEAD, 1);
  return Buffer.from(sheet.bytes.subarray(0, sheet.end));
}
