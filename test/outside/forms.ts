// How a secret may be written down, for tests that look for it everywhere.

/** A text in plain, by lines, within JSON, percent-encoded, in hex, and in base64 at whichever byte of three it begins. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  // What begins at another byte of three has other letters in base64: the middle of it is looked for as well.
  const shifted = [1, 2].map((start) => bytes.subarray(start, start + 3 * Math.floor((bytes.length - start) / 3)).toString("base64"));
  return [secret, ...secret.split("\n"), json, encodeURIComponent(secret), bytes.toString("hex"), bytes.toString("base64url"), ...shifted];
}
