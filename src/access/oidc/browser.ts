/** The `browser:` of an issuer: how people sign in there by the page. */
import type { Entry } from "../file/entry.ts";
import { isSafe } from "./document.ts";
import { PROVIDERS, type Provider } from "./providers.ts";
import type { Browser } from "./rule.ts";

const FIELDS = ["client_id", "scopes", "label", "authorization_endpoint", "token_endpoint"] as const;
const WORDS = {
  clientID: "client_id",
  clientId: "client_id",
  requestedScopes: "scopes",
  scope: "scopes",
  name: "label",
  auth_url: "authorization_endpoint",
  token_url: "token_endpoint",
};
const SCOPES = ["openid", "profile", "email"];
const MOST_SCOPES = { min: 1, max: 16 };
const LONGEST = { id: 255, label: 64 };

/** Throws BadFile. */
export function browserIn(entry: Entry, provider: Provider): Browser {
  // Whose jobs' tokens can be for any audience, also for that of people, and have names of people in them.
  if (provider !== PROVIDERS.other)
    throw entry.fault(
      "is for provider: other; a host that signs tokens of CI jobs is none for people (put Dex or Keycloak in front of it)",
    );
  const fields = entry.object(FIELDS, WORDS);
  const scopes = fields
    .get("scopes")
    ?.entries(MOST_SCOPES)
    .map((one) => scopeIn(one));
  if (scopes?.includes("openid") === false) throw entry.fault("has scopes without openid; add it, or leave scopes out");
  const endpoints = { authorization: fields.get("authorization_endpoint"), token: fields.get("token_endpoint") };
  return {
    clientId: fields.need("client_id", "give the id of the page at the issuer, where it is a public client").text("write it", LONGEST.id),
    scopes: scopes ?? SCOPES,
    label: fields.get("label")?.text("write what the button says", LONGEST.label) ?? "Sign in",
    ...(endpoints.authorization && { authorizationEndpoint: endpointIn(endpoints.authorization) }),
    ...(endpoints.token && { tokenEndpoint: endpointIn(endpoints.token) }),
  };
}

function scopeIn(entry: Entry): string {
  const text = entry.text("write the name of a scope");
  if (!/^[!#-[\]-~]+$/.test(text)) throw entry.got("write it without spaces and quotes");
  return text;
}

function endpointIn(entry: Entry): string {
  const uri = entry.text("write its address");
  if (!isSafe(uri)) throw entry.got("it must be https (http on this machine itself), without user, password or fragment");
  return uri;
}
