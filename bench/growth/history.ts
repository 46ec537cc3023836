/** A store with many ended leases, written by the store itself and not by as many calls. */
import { requestKey } from "../../src/core/model/lease.ts";
import { newLeaseId } from "../../src/rpc/methods/ids.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";

/** Leases in one transaction. */
const CHUNK = 20_000;
/** The youngest of them ended so long ago, and the oldest nearly a day, in µs: history keeps them all. */
const AGO = { youngest: 60_000_000, oldest: 80_000_000_000 };

/** Adds `count` leases like the one of this request, which has ended, each with an id and a request_id of its own. */
export async function addEnded(file: string, count: number, principal: string, requestId: string): Promise<void> {
  const medium = await SqliteMedium.open(file);
  await medium.load();
  const [like] = await medium.find({ leases: [], requests: [requestKey(principal, "default", requestId)] });
  if (like?.endedAt === undefined) throw new Error(`no lease of ${requestId} has ended`);
  const nothing = { pools: [], environments: [], fences: [], settings: [], keys: [], deleted: [], forgotten: [], events: [] };
  const step = (AGO.oldest - AGO.youngest) / count;
  for (let from = 0; from < count; from += CHUNK) {
    const leases = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => {
      const shift = Math.round(AGO.oldest - (from + index) * step);
      const times = { createdAt: like.createdAt - shift, endedAt: (like.endedAt ?? 0) - shift };
      return { ...like, ...times, id: newLeaseId(), requestId: `ended-${from + index}` };
    });
    await medium.write({ ...nothing, leases });
  }
  await medium.close();
}
