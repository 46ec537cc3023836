/** So many are looked for at first. */
const SOME = 200;
/** So many pages are looked through for them. */
const PAGES = 20;

/** Which page is asked for. */
export interface Turn {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** A page of a list, and how to get the next one; empty: there is none. */
export type Page<T> = readonly [found: readonly T[], next: string];

/** Reads a list until `reach` times some are found, or so many pages read, or all; whether there is more. */
export async function gather<T>(reach: number, read: (turn: Turn) => Promise<Page<T>>) {
  const [most, pageSize] = [SOME * reach, Math.min(1_000, SOME * reach)];
  const found: T[] = [];
  let pageToken = "";
  for (let page = 0; page < PAGES * reach && found.length < most; page += 1) {
    const [some, next] = await read({ pageSize, pageToken });
    found.push(...some);
    pageToken = next;
    if (next === "") break;
  }
  return { found, more: pageToken !== "" };
}
