import { badField } from "../errors.ts";

const DEFAULT = 100;
const LARGEST = 1_000;

/** How many rows a page has. */
export function pageSize(asked: number): number {
  if (asked < 0) throw badField("page_size", `${asked} is negative; give 1 to ${LARGEST}, or 0 for ${DEFAULT}`);
  return asked === 0 ? DEFAULT : Math.min(asked, LARGEST);
}

/** Where the next page begins, as a token that nobody needs to look into. */
export function writeToken(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** The key of a token with so many parts; undefined for the first page. Throws invalid_argument for one that we did not write. */
export function readToken(token: string, parts: number): readonly string[] | undefined {
  if (token === "") return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(key) && key.length === parts && key.every((part) => typeof part === "string")) return key;
  } catch {
    // Falls through to the same complaint.
  }
  throw badField("page_token", "is not one that this server gave out; begin again without it");
}
