/** Writes header fields in the one form that connect-es compares them with; RFC 9110 allows others. */
import type { Exchange } from "../http/exchange.ts";

const ENCODINGS = ["content-encoding", "connect-content-encoding", "grpc-encoding"];
const ACCEPTED = ["accept-encoding", "connect-accept-encoding", "grpc-accept-encoding"];

/** What Node's timers can count; a longer deadline would be over at once. In ms: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Rewrites fields to an equivalent form. What is not understood stays as it is, for connect-es to refuse. */
export function normalise(header: Headers): void {
  rewrite(header, "content-type", mediaType);
  for (const name of ENCODINGS) rewrite(header, name, coding);
  for (const name of ACCEPTED) rewrite(header, name, accepted);
  rewrite(header, "connect-timeout-ms", (value) => (/^\d{1,10}$/.test(value) ? String(Math.min(Number(value), LONGEST_MS)) : value));
  rewrite(header, "grpc-timeout", grpcTimeout);
}

function rewrite(header: Headers, name: string, meaning: (value: string) => string): void {
  const value = header.get(name);
  if (value === null) return;
  const meant = meaning(value);
  if (meant !== value) header.set(name, meant);
}

/** A media type without parameters, but for a charset other than UTF-8. */
function mediaType(value: string): string {
  const [, type, parameters = ""] = /^\s*([\w.+/-]+)\s*(;.*)?$/s.exec(value) ?? [];
  if (type === undefined) return value;
  const [, quoted, bare] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(parameters) ?? [];
  return /^(utf-?8|us-ascii)?$/i.test(quoted ?? bare ?? "") ? type.toLowerCase() : value;
}

function coding(value: string): string {
  const name = value.toLowerCase();
  return name === "x-gzip" ? "gzip" : name === "" ? "identity" : name;
}

/** The names of a list of encodings, without weights, and without those of weight 0. */
function accepted(value: string): string {
  const names = value.split(",").flatMap((part) => {
    const [name = "", ...parameters] = part.split(";").map((word) => word.trim());
    return parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/i.test(parameter)) ? [] : [coding(name)];
  });
  return names.join(",") || "identity";
}

function grpcTimeout(value: string): string {
  const [, amount, unit = ""] = /^(\d{1,8})([HMS])$/.exec(value) ?? [];
  const seconds = Number(amount) * ({ H: 3_600, M: 60 }[unit] ?? 1);
  return seconds * 1_000 > LONGEST_MS ? `${Math.floor(LONGEST_MS / 1_000)}S` : value;
}

/**
 * Gives a request an address that connect-node can make a URL of, where its own is none. No method looks at the host: HTTP/1.0 need not name
 * one, an empty one is allowed, and a proxy's absolute address may be any.
 */
export function giveAddress({ req, path, query }: Exchange): void {
  req.url = query === "" ? path : `${path}?${query}`;
  const field = req.headers[":authority"] === undefined ? "host" : ":authority";
  const host = req.headers[field];
  if (typeof host !== "string" || !URL.canParse(`http://${host}`)) req.headers[field] = "localhost";
}
