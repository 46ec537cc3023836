/** Writes the messages of a stream past connect-es, which would encode each of them for each reader. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import { encoded } from "../encoded.ts";
import type { Outlet } from "../http/outlet.ts";

/** How a stream writes to its response without connect-es; set by adapter.ts. */
export const outletKey = createContextKey<(() => Outlet) | undefined>(undefined, { description: "outlet" });

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
  const form = /\+json\b/i.test(context.requestHeader.get("content-type") ?? "") ? "json" : "binary";
  try {
    const first = await messages.next();
    if (first.done) return;
    yield first.value;
    const outlet = open();
    for await (const message of messages) {
      const room = outlet.write(encoded(schema, message, form));
      if (room !== undefined) await room;
    }
  } finally {
    await messages.return();
  }
}
