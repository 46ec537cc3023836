/** Guards against what web pages make a browser send: where a request comes from, by its headers alone. */
type Header = (name: string) => string | undefined;

/** Whether a request may be a page's; no program but a browser sends these. */
export function isFromPage(header: Header): boolean {
  return header("origin") !== undefined || header("sec-fetch-site") !== undefined;
}

/**
 * Guards a server without a key against DNS rebinding: why a request is refused whose host name is none of this machine's own; undefined if
 * it is one.
 */
export function misledName(header: Header): string | undefined {
  const host = hostOf(header);
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])?(:\d+)?$/i.test(host)) return undefined;
  return `without an API_KEY this server answers to localhost only, not to ${host.slice(0, 100)}`;
}

/**
 * Why a request looks like one that a web page of somebody else made a browser send; undefined if it doesn't. The rules of Go 1.25's
 * CrossOriginProtection.
 */
export function crossSite(method: string | undefined, header: Header, trusted: ReadonlySet<string>): string | undefined {
  if (method === "GET" || method === "HEAD" || !isFromPage(header)) return undefined;
  const [origin, site] = [header("origin"), header("sec-fetch-site")];
  if (origin !== undefined && trusted.has(origin)) return undefined;
  const own =
    site === undefined ? origin === undefined || URL.parse(origin)?.host === hostOf(header) : site === "same-origin" || site === "none";
  return own ? undefined : "a page of another site may not change anything here; the server's CALL_ME_CORS_ORIGINS can allow its origin";
}

function hostOf(header: Header): string {
  return header(":authority") ?? header("host") ?? "";
}
