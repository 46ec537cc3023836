/** What many are told becomes bytes once for each form, whoever reads it. */
import type { DescMessage, MessageShape, Registry } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { envelopeOf } from "./binary.ts";
import { jsonOf } from "./json.ts";

/** "binary" and "json": as gRPC, gRPC-Web and Connect frame it on a stream, all alike, uncompressed; "line": a line of JSON. */
export type Form = "binary" | "json" | "line";

const known = new WeakMap<object, Partial<Record<Form, Buffer>>>();

/**
 * A message in one of the forms. The same buffer for the same message, which must not change any more. `registry`: the messages that an
 * Any in it may hold.
 */
export function encoded<S extends DescMessage>(schema: S, message: MessageShape<S>, form: Form, registry?: Registry): Buffer {
  const made = known.get(message);
  const before = made?.[form];
  if (before !== undefined) return before;
  const bytes = encode(schema, message, form, registry);
  known.set(message, { ...made, [form]: bytes });
  return bytes;
}

function encode<S extends DescMessage>(schema: S, message: MessageShape<S>, form: Form, registry: Registry | undefined): Buffer {
  if (form === "binary") return kept(envelopeOf(schema, message));
  const text = jsonOf(schema, message, registry);
  return kept(form === "line" ? Buffer.from(`${text}\n`) : encodeEnvelope(0, Buffer.from(text)));
}

/** Bytes outside of Node's pool: they stay as long as their event, and would keep 8 KiB of other bytes with them. */
function kept(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
