// People who sign in where their company does: OpenID Connect, an authorization code with PKCE. The token is then the key of this tab.
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { ConnectError } from "@connectrpc/connect";
import { signal } from "@preact/signals";
import { home, keepKey, key, person, turn } from "./calls.ts";
import { hearDate, serverTime } from "./clock.ts";

/** Where one can sign in, as the server's settings tell it. */
export interface Place {
  readonly issuer: string;
  readonly label: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
}

export const places = signal<readonly Place[]>([]);

/** A token is renewed so long before its end, in ms; one that is refused counts as ended if it ends so soon. */
const AHEAD = 30_000;
const SHORTLY = 5_000;
/** So often it is looked whether that is now. */
const LOOK = 15_000;
/** An issuer has so long to answer. */
const PATIENCE = 20_000;

/** What an issuer tells of a token, or why there is none. */
type Answer = Partial<Record<"id_token" | "refresh_token" | "error", string>>;

/** While somebody is away, to sign in, and afterwards what gets the next token. */
interface Kept {
  readonly place: Place;
  readonly state?: string;
  readonly verifier?: string;
  readonly hash?: string;
  readonly renewal?: string | undefined;
}

/** Asks where one can sign in; over clear text nowhere, as a browser then keeps back what it takes. */
export async function findPlaces(): Promise<void> {
  if (isSecureContext) places.value = ((await (await fetch(`${home}/_page/settings.json`)).json()) as { signIn: Place[] }).signIn;
}

/** Leaves the page for a place. */
export async function leaveFor(place: Place): Promise<void> {
  const [state, verifier] = [random(), random()];
  keep({ place, state, verifier, hash: location.hash });
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const challenge = base64Encode(hash, "url");
  const asked = { response_type: "code", client_id: place.clientId, redirect_uri: `${home}/`, scope: place.scopes.join(" "), state };
  const url = new URL(place.authorizationEndpoint);
  for (const [name, value] of Object.entries({ ...asked, nonce: state, code_challenge: challenge, code_challenge_method: "S256" }))
    url.searchParams.set(name, value);
  location.assign(url);
}

/** Takes what a place has sent back, if it has: the view is again that which was left. Throws an Error that says why there is no token. */
export async function comeBack(): Promise<void> {
  const sent = new URLSearchParams(location.search);
  const { place, state, verifier, hash = "" } = kept();
  if (!sent.has("state")) return keepFresh();
  history.replaceState(null, "", `${home}/${hash}`);
  if (place === undefined || sent.get("state") !== state || ![null, place.issuer].includes(sent.get("iss")))
    throw new Error("This tab has not asked for that. Sign in again.");
  const code = sent.get("code");
  if (code === null) throw noToken(place, sent.get("error_description") ?? sent.get("error"));
  keepKey("");
  await ask(place, { grant_type: "authorization_code", code, redirect_uri: `${home}/`, code_verifier: verifier ?? "" }, state);
}

let renewing: Promise<void> | undefined;

/**
 * Whether there is another key by now than the one that the server did not take, with this refusal, or can be had: it is asked for where this
 * one has ended, for a fresh one that is refused would be no other.
 */
export async function hasNewer(used: string, refusal: unknown): Promise<boolean> {
  hearDate(ConnectError.from(refusal).metadata.get("date"));
  if (key.peek() === used && endsWithin(SHORTLY)) await renew();
  return key.peek() !== used;
}

/** Gets the next token, if there is one to be had. */
async function renew(): Promise<void> {
  const { place, renewal } = kept();
  if (place === undefined || renewal === undefined) return;
  renewing ??= ask(place, { grant_type: "refresh_token", refresh_token: renewal });
  // Without a next one the present one is good until its end.
  await renewing.catch(() => undefined);
  renewing = undefined;
}

async function ask(place: Place, form: Readonly<Record<string, string>>, nonce?: string): Promise<void> {
  const began = turn;
  const body = new URLSearchParams({ ...form, client_id: place.clientId });
  const answer = await fetch(place.tokenEndpoint, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
  const { id_token: token, refresh_token: renewal, error } = ((await answer?.json()) ?? { error: "no answer" }) as Readonly<Answer>;
  // It gives none for this any more.
  if (error === "invalid_grant" && began === turn) person.value = "";
  if (token === undefined || (nonce !== undefined && partOf(token)["nonce"] !== nonce)) throw noToken(place, error);
  // Somebody else may be here by now, or nobody.
  if (began !== turn) return;
  key.value = token;
  // Who gets no new one keeps the old one: RFC 6749, section 6.
  keep({ place, renewal: renewal ?? form["refresh_token"] });
  keepFresh();
}

function noToken({ issuer }: Place, why: string | null | undefined): Error {
  return new Error(`${issuer} gave no token (${why}).`);
}

let timer: ReturnType<typeof setTimeout>;

/** Renews the present token in time. It looks again and again: the server's time may not be known yet, and an issuer away for a while. */
function keepFresh(least = 1_000): void {
  clearTimeout(timer);
  if (kept().renewal === undefined) return;
  const look = () => {
    const isDue = endsWithin(AHEAD + 1_000);
    keepFresh(isDue ? LOOK : 1_000);
    if (isDue) void renew();
  };
  timer = setTimeout(look, Math.max(least, Math.min(LOOK, endOf(key.peek()) - AHEAD - serverTime())));
}

/** Whether the present token, if it is one that is renewed, ends in less than so many ms. */
function endsWithin(length: number): boolean {
  return kept().renewal !== undefined && endOf(key.peek()) <= serverTime() + length;
}

/** When a token ends, in ms. */
function endOf(token: string): number {
  return Number(partOf(token)["exp"]) * 1_000;
}

function partOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(base64Decode(token.split(".")[1] ?? "")));
}

/** A text that nobody guesses, of 244 bits; as long as a verifier has to be. */
function random(): string {
  return crypto.randomUUID() + crypto.randomUUID();
}

function kept(): Partial<Kept> {
  return JSON.parse(person.peek() || "{}");
}

function keep(what: Kept): void {
  person.value = JSON.stringify(what);
}
