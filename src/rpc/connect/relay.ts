/** Encodes each message of a stream once for all of its readers, whichever of the protocols they speak. */
import { type DescMessage, type MessageShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import type { Outlet } from "../http/outlet.ts";

/** How a stream writes to its response without connect-es; set by adapter.ts. */
export const outletKey = createContextKey<(() => Outlet) | undefined>(undefined, { description: "outlet" });

/** A message as gRPC, gRPC-Web and Connect frame it on a stream: all alike, uncompressed. */
interface Frames {
  binary?: Uint8Array;
  json?: Uint8Array;
}

const frames = new WeakMap<object, Frames>();

/**
 * Yields the first message, which connect-es writes after the head of the answer. Asked for the second one, it writes all others to the
 * response itself, then leaves the end, or the error, to connect-es again.
 */
export async function* relayed<S extends DescMessage>(
  schema: S,
  messages: AsyncGenerator<MessageShape<S>, void, undefined>,
  context: HandlerContext,
): AsyncGenerator<MessageShape<S>, void, undefined> {
  const open = context.values.get(outletKey);
  if (open === undefined) return yield* messages;
  const json = /\+json\b/i.test(context.requestHeader.get("content-type") ?? "");
  try {
    const first = await messages.next();
    if (first.done) return;
    yield first.value;
    const outlet = open();
    for await (const message of messages) {
      const room = outlet.write(frameOf(schema, message, json));
      if (room !== undefined) await room;
    }
  } finally {
    await messages.return();
  }
}

function frameOf<S extends DescMessage>(schema: S, message: MessageShape<S>, json: boolean): Uint8Array {
  const made = frames.get(message) ?? {};
  frames.set(message, made);
  if (json) made.json ??= encodeEnvelope(0, Buffer.from(toJsonString(schema, message)));
  else made.binary ??= encodeEnvelope(0, toBinary(schema, message));
  return (json ? made.json : made.binary) ?? new Uint8Array();
}
