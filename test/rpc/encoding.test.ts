// Encoders compiled from the schema write what protobuf-es writes.
import { create, type DescField, type DescMessage, ScalarType, toBinary, toJsonString } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ApplyEnvironmentsRequestSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { KINDS as BINARY, envelopeOf } from "../../src/rpc/encoding/binary.ts";
import { Compiled } from "../../src/rpc/encoding/compile.ts";
import { KINDS as JSON_KINDS, jsonOf } from "../../src/rpc/encoding/json.ts";

const OUTPUTS = Object.values(LockService.method).map(({ output }) => output);

const LONGS: readonly (ScalarType | undefined)[] = [ScalarType.INT64, ScalarType.UINT64];
const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 200 }), fc.constantFrom("", '"\\\n\u2028', "x".repeat(127), "ü".repeat(64)));

/** Times and durations as convert.ts makes them. */
const span = fc.record({
  seconds: fc.bigInt(0n, 250_000_000_000n),
  nanos: fc.oneof(fc.constantFrom(0, 5_000_000, 123_000, 7), fc.nat(999_999_999)),
});

function initOf(type: DescMessage, depth = 0): fc.Arbitrary<object> {
  if (type.typeName === TimestampSchema.typeName || type.typeName === DurationSchema.typeName) return span;
  const members = type.fields.map((field) => [field.localName, fc.option(anyOf(field, depth), { nil: undefined })] as const);
  return fc.record(Object.fromEntries(members));
}

function anyOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.fieldKind === "list") return fc.array(single(field, depth), { maxLength: depth > 2 ? 0 : 3 });
  if (field.fieldKind === "map") return fc.dictionary(text, single(field, depth), { maxKeys: 3, noNullPrototype: true });
  return single(field, depth);
}

function single(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return initOf(field.message, depth + 1);
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map(({ number }) => number), 77);
  if (field.scalar === ScalarType.STRING) return text;
  if (field.scalar === ScalarType.BOOL) return fc.boolean();
  if (LONGS.includes(field.scalar)) return fc.oneof(fc.bigInt(0n, 2n ** 63n - 1n), fc.constantFrom(0n, 127n, 128n, 2n ** 53n));
  if (field.scalar === ScalarType.UINT32) return fc.nat(2 ** 32 - 1);
  return fc.oneof(fc.integer(), fc.constantFrom(0, -1, 127, 128, 16_383, 16_384));
}

test.each(OUTPUTS.map((output) => [output.name, output] as const))("%s", (_, output) => {
  expect([new Compiled(BINARY).fieldsOf(output), new Compiled(JSON_KINDS).fieldsOf(output)]).not.toContain(undefined);
  fc.assert(
    fc.property(initOf(output), (init) => {
      const message = create(output, init as never);
      const bytes = toBinary(output, message);
      const sent = Buffer.from(envelopeOf(output, init as never));
      expect([sent[0], sent.readUInt32BE(1)]).toEqual([0, bytes.byteLength]);
      expect(sent.subarray(5).equals(Buffer.from(bytes))).toBe(true);
      expect(jsonOf(output, init as never)).toBe(toJsonString(output, message));
    }),
  );
});

test("a message with fields of other kinds is left to protobuf-es", () => {
  const type = ApplyEnvironmentsRequestSchema;
  expect([new Compiled(BINARY).fieldsOf(type), new Compiled(JSON_KINDS).fieldsOf(type)]).toEqual([undefined, undefined]);
  const init = { environments: [{ name: "uat", labels: { region: "eu" } }] };
  const message = create(type, init);
  expect(Buffer.from(envelopeOf(type, init)).subarray(5)).toEqual(Buffer.from(toBinary(type, message)));
  expect(jsonOf(type, init)).toBe(toJsonString(type, message));
});
