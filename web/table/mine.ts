// What is ours: the watch tells of an environment only the first who are on it, and the first in line.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useLoaded, usePaced } from "../parts/loaded.ts";
import { environments } from "../state/calls.ts";
import { gather } from "../state/pages.ts";
import { isMine, isPersonal, personName } from "../state/person.ts";
import { changes } from "../state/rows.ts";

/** The environments that we have or wait for, by name. */
export const mine = signal<ReadonlySet<string>>(new Set());

/** How long after a change it is read again, in ms; more rarely where the answer takes long. */
const PACE = 2_000;
const SHARE = 20;

/** Reads it while it stands in a view. */
export function Mine() {
  const took = useRef(0);
  const paced = usePaced(changes.value, Math.max(PACE, SHARE * took.current));
  const loaded = useLoaded(read, [paced]).value;
  took.current = loaded.took;
  useEffect(() => {
    if (loaded.value !== undefined) mine.value = loaded.value;
  }, [loaded]);
  return null;
}

async function read(signal: AbortSignal): Promise<ReadonlySet<string>> {
  const filter = isPersonal() ? {} : { holder: personName() };
  const { found } = await gather(5, async (page) => {
    const { leases, nextPageToken } = await environments.listLeases({ filter, ...page }, { signal });
    return [leases.filter(isMine), nextPageToken];
  });
  return new Set(found.flatMap((lease) => lease.environments.map(({ name }) => name)));
}
