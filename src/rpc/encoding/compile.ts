/**
 * Encoders compiled from the schema: what a method returns becomes bytes without a message in between, which protobuf-es would make and
 * check first. They write what protobuf-es writes: test/rpc/encoding.test.ts compares them.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** Writes a value of one kind. */
export type Write<Out> = (out: Out, value: never) => void;

/** Makes what writes one value of a field; `bare`: without what names the field, as within a list. */
export type Kind<Out> = (field: DescField, bare: boolean) => Write<Out>;

/** How each kind of value is written in one form: protobuf's bytes, or JSON. */
export interface Kinds<Out> {
  readonly text: Kind<Out>;
  readonly truth: Kind<Out>;
  /** A number of 32 bits. */
  readonly int: Kind<Out>;
  /** A bigint of 64 bits. */
  readonly long: Kind<Out>;
  readonly enum: Kind<Out>;
  message(fields: Write<Out>): Kind<Out>;
  list(field: DescField, each: Kind<Out>): Write<Out>;
  /** Texts to values, as an object. */
  map(field: DescField, each: Kind<Out>): Write<Out>;
  /** The kind of a message with a form of its own: "unknown" here, or undefined if it is written by its fields. */
  special(type: DescMessage): Kind<Out> | "unknown" | undefined;
}

const INTS: readonly (ScalarType | undefined)[] = [ScalarType.INT32, ScalarType.UINT32];
/** FieldPresence.IMPLICIT of google.protobuf's features: the zero of a type is left out. */
const IMPLICIT = 2;
const LONGS: readonly (ScalarType | undefined)[] = [ScalarType.INT64, ScalarType.UINT64];

/** The encoders of one form, each compiled when it is first asked for. */
export class Compiled<Out> {
  readonly #kinds: Kinds<Out>;
  readonly #known = new Map<DescMessage, Write<Out> | undefined>();

  constructor(kinds: Kinds<Out>) {
    this.#kinds = kinds;
  }

  /** Writes the fields of a message of this type, in the order of their numbers; undefined if one is of a kind that is not among them. */
  fieldsOf(type: DescMessage): Write<Out> | undefined {
    if (!this.#known.has(type)) this.#known.set(type, this.#compile(type));
    return this.#known.get(type);
  }

  #compile(type: DescMessage): Write<Out> | undefined {
    // What a type that contains itself would find: it is left to protobuf-es. We have none.
    this.#known.set(type, undefined);
    const writes: ((out: Out, message: Readonly<Record<string, unknown>>) => void)[] = [];
    for (const field of type.fields.toSorted((a, b) => a.number - b.number)) {
      const write = this.#writeOf(field);
      if (write === undefined) return undefined;
      const { localName } = field;
      writes.push((out, message) => {
        const value = message[localName];
        if (value !== undefined && value !== "" && value !== 0 && value !== false && value !== 0n) write(out, value as never);
      });
    }
    return (out, message) => {
      for (const write of writes) write(out, message);
    };
  }

  #writeOf(field: DescField): Write<Out> | undefined {
    const kind = this.#kindOf(field);
    if (kind !== undefined && field.fieldKind === "map") return this.#writeOfMap(field, kind);
    if (kind === undefined || field.fieldKind !== "list") return kind?.(field, false);
    const write = this.#kinds.list(field, kind);
    return (out, values: readonly never[]) => {
      if (values.length > 0) write(out, values as never);
    };
  }

  #writeOfMap(field: DescField & { fieldKind: "map" }, kind: Kind<Out>): Write<Out> | undefined {
    if (field.mapKey !== ScalarType.STRING) return undefined;
    const write = this.#kinds.map(field, kind);
    return (out, values: Readonly<Record<string, never>>) => {
      if (Object.keys(values).length > 0) write(out, values as never);
    };
  }

  #kindOf(field: DescField): Kind<Out> | undefined {
    if (field.oneof !== undefined) return undefined;
    if (field.message !== undefined) return this.#kindOfMessage(field.message);
    // A field that knows whether it was set is written with its zero, too.
    if (field.fieldKind !== "list" && field.fieldKind !== "map" && field.presence !== IMPLICIT) return undefined;
    const kinds = this.#kinds;
    if (field.enum !== undefined) return kinds.enum;
    if (field.scalar === ScalarType.STRING) return kinds.text;
    if (field.scalar === ScalarType.BOOL) return kinds.truth;
    if (INTS.includes(field.scalar)) return kinds.int;
    return LONGS.includes(field.scalar) ? kinds.long : undefined;
  }

  #kindOfMessage(type: DescMessage): Kind<Out> | undefined {
    const special = this.#kinds.special(type);
    if (special !== undefined) return special === "unknown" ? undefined : special;
    const fields = this.fieldsOf(type);
    return fields && this.#kinds.message(fields);
  }
}
