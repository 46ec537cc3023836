import { badField } from "../errors.ts";

const DEFAULT = 100;
const LARGEST = 1_000;

/** How many rows a page has. */
export function pageSize(asked: number): number {
  if (asked < 0) throw badField("page_size", `${asked} is negative; give 1 to ${LARGEST}, or 0 for ${DEFAULT}`);
  return asked === 0 ? DEFAULT : Math.min(asked, LARGEST);
}

/** A page of rows, of which one more was read if there is one, and the token of the next. `keyOf`: what a row is found again by. */
export function pageOf<T>(
  rows: readonly T[],
  size: number,
  keyOf: (row: T) => readonly string[],
): { page: readonly T[]; nextPageToken: string } {
  const page = rows.slice(0, size);
  const last = page.at(-1);
  return { page, nextPageToken: rows.length > size && last !== undefined ? writeToken(keyOf(last)) : "" };
}

/** Rows in the order of their age. */
interface Aged {
  readonly createdAt: number;
  readonly id: string;
}

export function ageOf({ createdAt, id }: Aged): readonly string[] {
  return [String(createdAt), id];
}

/** The row in a page token of ageOf; undefined for the first page. Throws as readToken does. */
export function readAge(token: string): Aged | undefined {
  const [createdAt, id] = readToken(token, 2, ([at]) => Number.isSafeInteger(Number(at))) ?? [];
  return createdAt === undefined || id === undefined ? undefined : { createdAt: Number(createdAt), id };
}

/** The key at which the next page begins, as an opaque token. */
export function writeToken(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/**
 * The key in a page token, of so many parts; undefined for the first page. Throws invalid_argument for a token that writeToken did not
 * make.
 */
export function readToken(
  token: string,
  parts: number,
  isKey: (key: readonly string[]) => boolean = () => true,
): readonly string[] | undefined {
  if (token === "") return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(key) && key.length === parts && key.every((part) => typeof part === "string") && isKey(key)) return key;
  } catch {
    // Not JSON: refused below, like a token with other content.
  }
  throw badField("page_token", "is not one that this server gave out; begin again without it");
}
