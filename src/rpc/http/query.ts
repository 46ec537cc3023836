/**
 * The parameters of a query, in their order. What does not decode has no value: each part is judged by itself, as Go's url.ParseQuery does,
 * and bytes that are no UTF-8 do not decode either, or two names would become one.
 */
export function* parametersOf(query: string): Generator<readonly [name: string, value: string | undefined], void, undefined> {
  for (const part of query.split("&")) {
    if (part === "") continue;
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(part) ?? [];
    const decoded = decode(name);
    yield decoded === undefined ? [name, undefined] : [decoded, decode(value)];
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
