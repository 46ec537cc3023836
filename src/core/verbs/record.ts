import type { Done } from "../command.ts";
import type { Draft } from "../draft.ts";
import type { RecordEvents } from "../record-command.ts";

/** Tells what has happened, each as the deed of its own caller. */
export function record(draft: Draft, { happened }: RecordEvents): Done {
  for (const { by, ...tale } of happened) {
    draft.caller = by;
    draft.tell(tale);
  }
  return { ok: true };
}
