import { Code, ConnectError } from "@connectrpc/connect";
import { reasonOf } from "./errors.ts";
import { TokenError } from "./token/error.ts";

/** What TLS says of a server that answers in clear text. */
export const IN_CLEAR_TEXT = /wrong version number|packet length too long/;

/** What there is of a server that ended the connection, as one does that accepts no client without a certificate; and the remedy for that. */
export const HUNG_UP = /socket hang up|ECONNRESET|EPIPE|alert \w*\s?certificate|certificate required/;
export const SHOW_ONE = "if it asks for a client certificate, name one that it accepts in CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY";

/** Codes that say: nobody answered, or not in time. */
const SILENT: readonly Code[] = [Code.Unavailable, Code.Aborted, Code.DeadlineExceeded, Code.Canceled];

/**
 * What became of a call that no call-me server has judged, with the remedy: to set CALL_ME_URL, or to give what `give` names. Undefined: a
 * server has, and gave its reason.
 */
export function unheard(error: ConnectError, url: string, give: string): string | undefined {
  if (reasonOf(error) !== undefined || error instanceof TokenError) return undefined;
  const said = (error.rawMessage || (Code[error.code] ?? "")).trim();
  const where = `CALL_ME_URL, or give ${give}`;
  if (IN_CLEAR_TEXT.test(said)) return `${url} speaks clear text: set ${where}, with http:// instead of https://`;
  if (url.startsWith("http:") && /socket hang up|ECONNRESET|EPIPE|Parse Error/.test(said))
    return `${url} hung up (${said}): if it speaks TLS, set ${where}, with https:// instead of http://`;
  if (url.startsWith("https:") && HUNG_UP.test(said)) return `${url} hung up (${said}): ${SHOW_ONE}`;
  const { code = "" } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (/CERT|UNABLE_TO_VERIFY|ALTNAME/.test(code))
    return `the certificate of ${url} is not accepted: ${said}. Name its authority's in CALL_ME_CA, or correct CALL_ME_URL`;
  if (error.code === Code.Unimplemented)
    return `${url} does not know this call: ${said}. Is it a call-me server, and as new as this client? If not, set ${where}`;
  if (SILENT.includes(error.code)) return `no answer from ${url}: ${said}. Is the server running there? Set ${where}`;
  return `no proper answer from ${url}: ${said}. Is it a call-me server? Set ${where}`;
}

/**
 * What a hold throws instead of the error of such a call: with its code, and that sentence as the message. The cause is told in it, and not
 * kept: Node would print 30 lines of sockets below. Any other error is given back as it is.
 */
export function unheardOf(error: unknown, url: string): unknown {
  const sentence = error instanceof ConnectError ? unheard(error, url, "`url`") : undefined;
  return error instanceof ConnectError && sentence !== undefined ? new ConnectError(sentence, error.code, error.metadata) : error;
}
