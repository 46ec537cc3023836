/** The server's limit for a free text, in characters. */
const LONGEST = 512;

/** What the server takes in no text, and no screen should be given: control and bidirectional characters, and line breaks of any kind. */
export const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A text as the server takes it: without those characters, and cut to its limit. */
export function usable(text: string): string {
  return [...text.toWellFormed().replace(UNSAFE, "")].slice(0, LONGEST).join("");
}
