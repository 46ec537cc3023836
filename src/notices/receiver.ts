/** Who is told: where, how what is told is written, and what proves that it comes from here. */

export const TEMPLATES = ["json", "slack"] as const;

/** How a notice is written. */
export type Template = (typeof TEMPLATES)[number];

/** Where something is sent to. The URL may be as secret as the key. */
export interface Receiver {
  readonly url: URL;
  readonly template: Template;
  /** What it is signed with, as `whsec_…`; unsigned without. */
  readonly key: string | undefined;
}

/** How long a URL may be, in characters. */
const LONGEST_URL = 2_048;

/** A URL that can be called, or what is wrong with it. */
export function urlIn(text: string): URL | string {
  const url = text.length > LONGEST_URL ? null : URL.parse(text);
  if (url === null) return `is no URL of at most ${LONGEST_URL} characters`;
  if (url.protocol !== "https:" && url.protocol !== "http:") return "is no URL of http or https";
  if (url.username !== "" || url.password !== "") return "has a user's name or password in it, which is not sent";
  if (url.hash !== "") return "has a # in it, and what stands behind that is not sent";
  return url;
}

/** Of a URL what may be shown: the rest may be secret. */
export function shown({ origin }: URL): string {
  return origin;
}
