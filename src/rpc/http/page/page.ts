/** GET / and GET /_page/…: the page, to whoever asks; what it shows it asks for with a key. */
import { hash } from "node:crypto";
import type { SignIns } from "../../../access/oidc/sign-ins.ts";
import type { Exchange } from "../exchange.ts";
import { takesGzip } from "../gzip.ts";
import type { PageFile, PageFiles } from "./files.ts";

/** Nothing but its own files runs in it or is shown by it, nobody frames it, and no text becomes code. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

const GUARDS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
} as const;

/** For ever: what changes has another path. */
const IMMUTABLE = "public, max-age=31536000, immutable";

type Handle = (exchange: Exchange) => void;

/** What the page is made of, and where people can sign in by it. */
export interface Page {
  readonly files: PageFiles;
  readonly signIns: Pick<SignIns, "known" | "origins">;
}

/** Who answers for which path. */
export function pageHandlers({ files: { document, parts }, signIns }: Page): Readonly<Record<string, Handle>> {
  const handlers = [...parts].map(([path, file]): [string, Handle] => [
    path,
    (exchange) => send(exchange, file, { "cache-control": IMMUTABLE, "cross-origin-resource-policy": "same-origin" }),
  ]);
  return {
    ...Object.fromEntries(handlers),
    "/": (exchange) => sendDocument(exchange, document, signIns.origins),
    "/_page/settings.json": (exchange) => {
      if (exchange.admits("GET", "HEAD")) exchange.answer(200, { signIn: signIns.known }, { "cache-control": "no-cache" });
    },
  };
}

function sendDocument(exchange: Exchange, document: PageFile, origins: readonly string[]): void {
  const policy = [...POLICY, ["connect-src 'self'", ...origins].join(" ")].join("; ");
  // A copy that is used again comes with the policy that it was sent with.
  const etag = `W/"${hash("sha256", document.hash + policy, "hex").slice(0, 16)}"`;
  send(exchange, document, { "cache-control": "no-cache", "content-security-policy": policy, etag, ...GUARDS });
}

function send(exchange: Exchange, file: PageFile, headers: Readonly<Record<string, string>>): void {
  if (!exchange.admits("GET", "HEAD")) return;
  const vary = [exchange.raw.getHeader("vary"), "accept-encoding"].filter(Boolean).join(", ");
  const { etag } = headers;
  const isKnown = etag !== undefined && (exchange.header("if-none-match") ?? "").split(/, */).includes(etag);
  const isPacked = takesGzip(exchange.header("accept-encoding") ?? "");
  const encoding = isPacked ? { "content-encoding": "gzip" } : {};
  if (isKnown) exchange.send(304, { ...headers, vary });
  else exchange.send(200, { ...headers, vary, "content-type": file.type, ...encoding }, isPacked ? file.gzipped : file.plain);
}
