/** What is said of keys, and of who one is. */
import { type Key, PrincipalKind, type WhoAmIResponse } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { clockTime, distance, elapsed } from "./clock.ts";
import { spell } from "./duration.ts";
import { sayGrant, writeGrant } from "./grants.ts";
import type { Table } from "./table.ts";

/** "key 4f… (team a)". */
export function named({ id, label }: Key): string {
  return `key ${id} (${label})`;
}

/** Keys in a table: what they allow, when they were made and used, and how long they are good for. */
export function keyTable(keys: readonly Key[]): Table {
  const rows = keys.map((key) => ({
    cells: [
      ...[key.id, key.label, key.createdAt === undefined ? "" : `${elapsed(key.createdAt)} ago`],
      ...[key.lastUsedAt === undefined ? "never" : `${elapsed(key.lastUsedAt)} ago`, endOf(key), key.grants.map(writeGrant).join(" ")],
    ],
    details: key.rotatingUntil !== undefined && key.revokedAt === undefined ? rotating(key.rotatingUntil) : [],
  }));
  return { heading: ["ID", "LABEL", "CREATED", "LAST USED", "EXPIRES", "GRANTS"], rows, cut: [1, 5] };
}

function rotating(until: NonNullable<Key["rotatingUntil"]>): string[] {
  return distance(until) > 0 ? [`the secret before works until ${clockTime(until)}`] : [];
}

/** "never", "in 89 d", "expired 3 d ago", "revoked 3 d ago". */
function endOf({ expiresAt, revokedAt }: Key): string {
  if (revokedAt !== undefined) return `revoked ${elapsed(revokedAt)} ago`;
  if (expiresAt === undefined) return "never";
  const left = distance(expiresAt);
  return left > 0 ? `in ${spell(left)}` : `expired ${elapsed(expiresAt)} ago`;
}

/** How a caller is known. */
const KNOWN_BY: Readonly<Record<PrincipalKind, string>> = {
  [PrincipalKind.UNSPECIFIED]: "in a way that this version does not know",
  [PrincipalKind.KEY]: "by a key",
  [PrincipalKind.BOOTSTRAP]: "by the server's own API_KEY",
  [PrincipalKind.OIDC]: "by a token",
  [PrincipalKind.CERTIFICATE]: "by a client certificate",
  [PrincipalKind.LEASE_TOKEN]: "by the token of a lease",
  [PrincipalKind.ANONYMOUS]: "not known: this server asks nobody for a key",
};

/** "key:4f… (team a), by a key": who one is. */
export function selfOf({ principal, label, kind }: WhoAmIResponse): string {
  return `${principal}${label && ` (${label})`}, ${KNOWN_BY[kind] ?? KNOWN_BY[PrincipalKind.UNSPECIFIED]}`;
}

/** What the grants allow, a line each. */
export function allowed({ kind, leaseId, grants }: Pick<WhoAmIResponse, "kind" | "leaseId" | "grants">): string[] {
  if (kind === PrincipalKind.LEASE_TOKEN) return [`may use lease ${leaseId}, and look at its environments`];
  return grants.length === 0 ? ["may do nothing"] : grants.map((grant) => `may ${sayGrant(grant)}`);
}

/** Who one is, in lines. */
export function selfLines(self: WhoAmIResponse): string[] {
  const { claims, expiresAt, address } = self;
  const proven = Object.entries(claims).map(([name, value]) => `${name}=${value}`);
  return [
    selfOf(self),
    ...allowed(self).map((line) => `  ${line}`),
    ...(proven.length === 0 ? [] : [`  proven: ${proven.join(", ")}`]),
    ...(expiresAt === undefined ? [] : [`  until ${clockTime(expiresAt)}`]),
    ...(address === "" ? [] : [`  from ${address}`]),
  ];
}
