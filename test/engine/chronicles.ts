import { Chronicle } from "../../src/engine/history/chronicle.ts";
import { RecentHolds } from "../../src/engine/history/holds.ts";
import type { Views } from "../../src/engine/views.ts";
import { Notices } from "../../src/notices/notices.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";

/** A history in which nothing ever happens, for what asks it nothing. */
export function emptyChronicle(views: Views): Chronicle {
  const store = { take: () => Promise.resolve(undefined), now: () => 0, condition: "well" } as const;
  const parts = { store, views, holds: new RecentHolds(), archive: new MemoryArchive(), timers: { after: () => () => {} } };
  return new Chronicle({ ...parts, retention: { span: 0, entries: 0 }, trouble: () => {} });
}

/** Notices that nobody gets. */
export function silentNotices(views: Views): Notices {
  return new Notices({
    archive: new MemoryArchive(),
    views,
    timers: { after: () => () => {} },
    log: { info: () => {}, warn: () => {} },
    trouble: () => {},
  });
}
