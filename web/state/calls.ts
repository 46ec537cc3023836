// How the page calls its server: the generated clients, with the key of this tab.
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AccessService } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { kept } from "./kept.ts";

/** Where the page came from, without a slash at its end: the server may stand below a path of a proxy. */
export const home = new URL(".", location.href).href.replace(/\/$/, "");

/** The key or token of this tab; empty: none is sent. It outlives a reload, not the tab. */
export const key = kept("sessionStorage", "call-me key");

/** What is kept of somebody who has signed in elsewhere; see people.ts. */
export const person = kept("sessionStorage", "call-me person");

/** Rises when somebody comes or goes: what was begun before says nothing of who is here now. */
export let turn = 0;

/** Somebody else is here, with this key or, if it is empty, without one. */
export function keepKey(text: string): void {
  turn += 1;
  key.value = text;
  person.value = "";
}

const speak: Interceptor = (next) => (request) => {
  if (key.peek() !== "") request.header.set("x-api-key", key.peek());
  return next(request);
};

/** A call that is not answered for so long, in ms, is given up; a stream sets its own. */
const PATIENCE = 20_000;

const transport = createConnectTransport({ baseUrl: home, interceptors: [speak], useBinaryFormat: true, defaultTimeoutMs: PATIENCE });

export const locks = createClient(LockService, transport);
export const environments = createClient(EnvironmentService, transport);
export const insight = createClient(InsightService, transport);
export const access = createClient(AccessService, transport);

/** Whether no answer came, or one of something between us and the server: what was asked may have been done all the same. */
export function isLost(error: unknown): boolean {
  const { code, cause, details } = ConnectError.from(error);
  const isOurs = cause !== undefined && !(cause instanceof TypeError);
  return details.length === 0 && !isOurs && [Code.Unknown, Code.Unavailable, Code.DeadlineExceeded].includes(code);
}

/** Whether the same may be answered a moment later. */
export function mayPass(error: unknown): boolean {
  return isLost(error) || [Code.Unavailable, Code.ResourceExhausted].includes(ConnectError.from(error).code);
}

/** What to tell of a call that failed: the server's own words, where it was the server that refused. */
export function wordsOf(error: unknown): string {
  const { code, rawMessage } = ConnectError.from(error);
  if (isLost(error)) return "The server did not answer.";
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
