/** The fields in which two configurations differ, by name. */
export function differing<T extends object>(before: T, after: T): string[] {
  if (before === after) return [];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof T & string>;
  return [...keys].filter((key) => before[key] !== after[key] && canonical(before[key]) !== canonical(after[key])).sort();
}

/** The same text for the same content, in whatever order it was given. */
function canonical(value: unknown): string {
  const sorted = (_key: string, part: unknown) =>
    typeof part !== "object" || part === null || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(value, sorted) ?? "";
}
