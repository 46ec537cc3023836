/** Header fields as connect-es compares them, letter by letter, where RFC 9110 lets a caller write them in other ways. */
import type { Request } from "../http/exchange.ts";

const ENCODINGS = ["content-encoding", "connect-content-encoding", "grpc-encoding"];
const ACCEPTED = ["accept-encoding", "connect-accept-encoding", "grpc-accept-encoding"];

/** Rewrites what means the same; what we do not understand stays, for connect-es to refuse. */
export function normalise(header: Headers): void {
  rewrite(header, "content-type", mediaType);
  for (const name of ENCODINGS) rewrite(header, name, coding);
  for (const name of ACCEPTED) rewrite(header, name, accepted);
}

function rewrite(header: Headers, name: string, meaning: (value: string) => string): void {
  const value = header.get(name);
  if (value === null) return;
  const meant = meaning(value);
  if (meant !== value) header.set(name, meant);
}

/** Without parameters, unless one says that the text is no UTF-8. */
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

/** The names alone, without those of weight 0. */
function accepted(value: string): string {
  const names = value.split(",").flatMap((part) => {
    const [name = "", ...parameters] = part.split(";").map((word) => word.trim());
    return parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/i.test(parameter)) ? [] : [coding(name)];
  });
  return names.join(",") || "identity";
}

/**
 * Gives a request some host where it names none, or none that can be: connect-node makes an address of it, and no method looks at it.
 * HTTP/1.0 need not name any, and an empty one is allowed.
 */
export function giveHost({ headers }: Request): void {
  const field = headers[":authority"] === undefined ? "host" : ":authority";
  const host = headers[field];
  if (typeof host !== "string" || !URL.canParse(`http://${host}`)) headers[field] = "localhost";
}
