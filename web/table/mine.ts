// What is ours: the watch tells of an environment only the first who are on it, and the first in line.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useLoaded, usePaced } from "../parts/loaded.ts";
import { environments } from "../state/calls.ts";
import { gather } from "../state/pages.ts";
import { isMine, personName } from "../state/person.ts";
import { changes } from "../state/rows.ts";

/** The environments that we have or wait for, by name. */
export const mine = signal<ReadonlySet<string>>(new Set());

/** How long after a change it is read again, in ms. */
const PACE = 2_000;

/** Reads it while it stands in a view. */
export function Mine() {
  const paced = usePaced(changes.value, PACE);
  const { value } = useLoaded(read, [paced]).value;
  useEffect(() => {
    if (value !== undefined) mine.value = value;
  }, [value]);
  return null;
}

async function read(signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { found } = await gather(5, async (page) => {
    const { leases, nextPageToken } = await environments.listLeases({ filter: { holder: personName() }, ...page }, { signal });
    return [leases.filter(isMine), nextPageToken];
  });
  return new Set(found.flatMap((lease) => lease.environments.map(({ name }) => name)));
}
