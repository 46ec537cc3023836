/** What an issuer tells at an address that was configured. */

/** Takes no redirect: the address is the one that was configured. Rejects with an Error that says why. `most`: in bytes. */
export async function documentAt(uri: string, signal: AbortSignal, most: number): Promise<unknown> {
  const response = await fetch(uri, { redirect: "error", signal, headers: { accept: "application/json" } });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the answer has status ${response.status}, not 200`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) throw new Error(`the answer is larger than ${most} bytes`);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** What `fetch` says of a failure stands in its cause. */
export function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message || (cause as NodeJS.ErrnoException).code}` : message;
}

/**
 * Whether nobody can stand between us and an address: on this machine nobody does. Without user, password and fragment, and with a host of
 * letters that mean nothing in a header.
 */
export function isSafe(uri: string): boolean {
  const url = URL.parse(uri);
  if (url === null || url.username + url.password + url.hash !== "") return false;
  const isHere = url.protocol === "http:" && /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname);
  return (url.protocol === "https:" || isHere) && /^(?:[\w.-]+|\[[\da-f:]+\])$/.test(url.hostname);
}
