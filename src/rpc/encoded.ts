/** What many are told becomes bytes once for each form, whoever reads it. */
import { type DescMessage, type MessageShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@connectrpc/connect/protocol";

/** "binary" and "json": as gRPC, gRPC-Web and Connect frame it on a stream, all alike, uncompressed; "line": a line of JSON. */
export type Form = "binary" | "json" | "line";

const known = new WeakMap<object, Partial<Record<Form, Buffer>>>();

/** A message in one of the forms. The same buffer for the same message, which must not change any more. */
export function encoded<S extends DescMessage>(schema: S, message: MessageShape<S>, form: Form): Buffer {
  const made = known.get(message);
  const before = made?.[form];
  if (before !== undefined) return before;
  const bytes = encode(schema, message, form);
  known.set(message, { ...made, [form]: bytes });
  return bytes;
}

function encode<S extends DescMessage>(schema: S, message: MessageShape<S>, form: Form): Buffer {
  if (form === "line") return Buffer.from(`${toJsonString(schema, message)}\n`);
  const { buffer } = encodeEnvelope(0, form === "json" ? Buffer.from(toJsonString(schema, message)) : toBinary(schema, message));
  return Buffer.from(buffer);
}
