/**
 * The address of a server, without a slash at its end, or white space around it. Throws a TypeError that names the setting, the value and
 * the remedy.
 */
export function addressOf(setting: string, value: string): string {
  const text = value.trim();
  // The parser would drop line breaks and tabs from within it.
  const url = URL.canParse(text) && !/\p{Cc}/u.test(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol))
    throw new TypeError(`${setting} ${JSON.stringify(value)} is no http(s) address; write it like http://127.0.0.1:8000`);
  return url.href.replace(/\/$/, "");
}

/** A key as a header can carry it; files and CI systems like to end it with a line break. Throws a TypeError that names the setting alone. */
export function keyOf(setting: string, value: string): string {
  const key = value.trim();
  if (/^[\x21-\x7e]*$/.test(key)) return key;
  throw new TypeError(`${setting} must be one line of visible ASCII characters, without spaces`);
}
