/** Writes the messages of a stream past connect-es, which would encode each of them for each reader. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import { pulled, type Tell } from "../../engine/watch/tell.ts";
import { encoded } from "../encoding/shared.ts";
import type { Outlet } from "../http/outlet.ts";

/** How a stream writes to its response without connect-es; set by adapter.ts. */
export const outletKey = createContextKey<(() => Outlet) | undefined>(undefined, { description: "outlet" });

/**
 * Yields the first message, which connect-es writes after the head of the answer. Asked for the second one, it writes all others to the
 * response itself, then leaves the end, or the error, to connect-es again.
 */
export async function* relayed<S extends DescMessage>(
  schema: S,
  stream: (tell: Tell<MessageShape<S>>) => Promise<void>,
  context: HandlerContext,
): AsyncGenerator<MessageShape<S>, void, undefined> {
  const open = context.values.get(outletKey);
  if (open === undefined) return yield* pulled(stream);
  const form = /\+json\b/i.test(context.requestHeader.get("content-type") ?? "") ? "json" : "binary";
  let outlet: Outlet | undefined;
  const messages = pulled<MessageShape<S>>((tell) =>
    stream((message) => (outlet === undefined ? tell(message) : outlet.write(encoded(schema, message, form)))),
  );
  try {
    const first = await messages.next();
    if (first.done) return;
    yield first.value;
    outlet = open();
    await messages.next();
  } finally {
    await messages.return();
  }
}
