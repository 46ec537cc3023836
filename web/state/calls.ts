// How the page calls its server: the generated clients, with the key of this tab.
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { signal } from "@preact/signals";
import { AccessService } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";

/** Where the page came from, without a slash at its end: the server may stand below a path of a proxy. */
export const home = new URL(".", location.href).href.replace(/\/$/, "");

const KEPT = "call-me key";

/** The key or token of this tab; empty: none is sent. It outlives a reload, not the tab. */
export const key = signal(sessionStorage.getItem(KEPT) ?? "");

/** What is kept of somebody who has signed in elsewhere; see people.ts. */
export const PERSON = "call-me person";

/** Keeps a key for this tab, or forgets it, and with it whose the one before was. */
export function keepKey(text: string): void {
  key.value = text;
  sessionStorage.removeItem(PERSON);
  if (text === "") sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, text);
}

const speak: Interceptor = (next) => (request) => {
  if (key.value !== "") request.header.set("x-api-key", key.value);
  return next(request);
};

const transport = createConnectTransport({ baseUrl: home, interceptors: [speak], useBinaryFormat: true });

export const locks = createClient(LockService, transport);
export const environments = createClient(EnvironmentService, transport);
export const insight = createClient(InsightService, transport);
export const access = createClient(AccessService, transport);

/** What to tell of a call that failed: the server's own words, where it was the server that refused. */
export function wordsOf(error: unknown): string {
  const { code, rawMessage } = ConnectError.from(error);
  if (code === Code.Unknown && /fetch|network/i.test(rawMessage))
    return "The server did not answer: nobody knows whether it was done. Look before you try again.";
  return rawMessage === "" ? `The server refused it (${Code[code] ?? code}).` : sentence(rawMessage);
}

/** Whether the key is missing, wrong, expired or revoked. */
export function isUnauthenticated(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Unauthenticated;
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
