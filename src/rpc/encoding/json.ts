/** Messages as protobuf's JSON. */
import { create, type DescField, type DescMessage, type MessageInitShape, type Registry, toJsonString } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Compiled, type Kind, type Kinds } from "./compile.ts";

/** Text that grows at its end. */
class Page {
  text = "";
  /** What goes before the next value. */
  comma = "";

  /** What `write` writes, between brackets. */
  within(open: string, close: string, write: () => void): void {
    this.text += this.comma + open;
    this.comma = "";
    write();
    this.text += close;
    this.comma = ",";
  }
}

function keyOf(field: DescField, bare: boolean): string {
  return bare ? "" : `${JSON.stringify(field.jsonName)}:`;
}

const plain =
  <V>(textOf: (value: V, field: DescField) => string): Kind<Page> =>
  (field, bare) => {
    const key = keyOf(field, bare);
    return (page, value) => {
      page.text += page.comma + key + textOf(value, field);
      page.comma = ",";
    };
  };

const SPECIAL: ReadonlyMap<string, Kind<Page>> = new Map([
  [
    TimestampSchema.typeName,
    plain((time: Timestamp) => `"${new Date(Number(time.seconds) * 1_000).toISOString().slice(0, 19)}${fraction(time)}Z"`),
  ],
  [DurationSchema.typeName, plain((span: Duration) => `"${span.seconds}${fraction(span)}s"`)],
]);

/** In as few groups of three digits as it takes. None of our times and durations is negative. */
function fraction({ nanos = 0 }: { readonly nanos?: number }): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  if (digits.endsWith("000000")) return `.${digits.slice(0, 3)}`;
  return digits.endsWith("000") ? `.${digits.slice(0, 6)}` : `.${digits}`;
}

export const KINDS: Kinds<Page> = {
  text: plain((value: string) => JSON.stringify(value)),
  truth: plain(String),
  int: plain(String),
  long: plain((value: bigint) => `"${value}"`),
  enum: plain((value: number, field) => JSON.stringify(field.enum?.value[value]?.jsonName ?? value)),
  message: (fields) => (field, bare) => {
    const open = `${keyOf(field, bare)}{`;
    return (page, value) => page.within(open, "}", () => fields(page, value));
  },
  list: (field, each) => {
    const open = `${keyOf(field, false)}[`;
    const write = each(field, true);
    return (page, values: readonly never[]) =>
      page.within(open, "]", () => {
        for (const value of values) write(page, value);
      });
  },
  map: (field, each) => {
    const open = `${keyOf(field, false)}{`;
    const write = each(field, true);
    return (page, values: Readonly<Record<string, never>>) =>
      page.within(open, "}", () => {
        for (const [key, value] of Object.entries(values)) {
          page.text += `${page.comma}${JSON.stringify(key)}:`;
          page.comma = "";
          write(page, value);
        }
      });
  },
  special: ({ typeName }) => SPECIAL.get(typeName) ?? (typeName.startsWith("google.protobuf.") ? "unknown" : undefined),
};

const compiled = new Compiled(KINDS);

/** What a method returns, as a message of this type in JSON. `registry`: the messages that an Any in it may hold. */
export function jsonOf<S extends DescMessage>(type: S, init: MessageInitShape<S>, registry?: Registry): string {
  const fields = compiled.fieldsOf(type);
  if (fields === undefined) return toJsonString(type, create(type, init), registry === undefined ? {} : { registry });
  const page = new Page();
  page.within("{", "}", () => fields(page, init as never));
  return page.text;
}
