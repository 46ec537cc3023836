/** How often each thing was seen: a run that never sees a fault proves nothing about it. */
export const seen = new Map<string, number>();

/** Notes that it was seen once more. */
export function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

/** The answer, or the answers, of which refusals are noted. */
export function noting<T>(answer: T): T {
  for (const reply of [answer].flat() as ({ ok?: boolean; reason?: string } | undefined)[])
    if (reply?.ok === false) count(`refused: ${reply.reason}`);
  return answer;
}

/** Fails the run, saying what is broken. */
export function expectThat(holds: boolean, broken: string): void {
  if (!holds) throw new Error(`broken: ${broken}`);
}
