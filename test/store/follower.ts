import type { Event } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import { Chronicle } from "../../src/engine/history/chronicle.ts";
import { RecentHolds } from "../../src/engine/history/holds.ts";
import { Views } from "../../src/engine/views.ts";
import type { Archive } from "../../src/store/history/history.ts";
import type { MemoryMedium } from "../../src/store/memory.ts";
import type { SqliteMedium } from "../../src/store/sqlite.ts";
import { storeOn } from "./fixtures.ts";

/** Who follows a store, with timers that never fire: it takes over what there is when it is asked. */
export async function follow(medium: MemoryMedium | SqliteMedium, archive: Archive) {
  const { store, clock, pools } = await storeOn(medium);
  const events: Event[] = [];
  const leases = new Map<string, Lease>();
  pools.onCommit((commit) => {
    events.push(...commit.events);
    for (const lease of commit.leases) leases.set(lease.id, lease);
  });
  const views = new Views(store, pools);
  const timers = { after: () => () => {} };
  const retention = { span: 0, entries: 0 };
  const troubles: string[] = [];
  const trouble = (error: unknown) => void troubles.push(String(error));
  const chronicle = new Chronicle({ store, archive, views, holds: new RecentHolds(), timers, retention, trouble });
  return { store, clock, pools, events, leases, chronicle, troubles };
}
