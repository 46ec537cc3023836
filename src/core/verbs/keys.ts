/** What is done with keys. Decided in the pool of the keys, so that a change and its record are one transaction. */
import type { Grant } from "../access/grant.ts";
import { isAlive, type Key, type Secret } from "../access/key.ts";
import { Rights } from "../access/rights.ts";
import type { Done, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import type { CreateKey, Disown, RevokeKey, RotateKey, UseKeys } from "../key-command.ts";
import { limits } from "../limits.ts";
import { about, clipped } from "../model/text.ts";
import type { Micros } from "../model/units.ts";
import { end } from "./moves.ts";
import { limitReached } from "./refusal.ts";

export function createKey(draft: Draft, command: CreateKey): Done | Refusal {
  if (draft.pool.keys.size >= limits.keys) {
    const oldest = oldestEnded(draft);
    if (oldest === undefined) return limitReached("keys", limits.keys);
    draft.dropKey(oldest.id);
  }
  const { id, label, grants, ttl, digest, by } = command;
  const made = { id, label, grants, createdAt: draft.at, createdBy: by.principal, secrets: [{ digest }] };
  const key: Key = ttl === undefined ? made : { ...made, expiresAt: draft.at + ttl };
  const stays = (other: Key) => isAlive(other, draft.at) && isAdmin(other);
  if (!command.bootstrap && !isAdmin(key) && !draft.pool.keys.values().some(stays)) return firstAdmin();
  draft.putKey(key, { kind: "KEY_CREATED", note: clipped(`${label}: ${grants.map(inWords).join("; ")}`) });
  return { ok: true, key };
}

/**
 * Two secrets work: the new one, and that which is in use. So rotating again within the overlap ends the oldest, unless nobody has used the
 * one before: its answer may have got lost, and the oldest is what calls are made with.
 */
export function rotateKey(draft: Draft, command: RotateKey): Done | Refusal {
  const key = draft.pool.keys.get(command.key);
  if (key === undefined) return noKey(command.key);
  if (!isAlive(key, draft.at)) return keyEnded(key);
  const inUse = secretInUse(key, draft.at, command.used);
  const until = draft.at + command.overlap;
  const before = inUse === undefined || command.overlap === 0 ? [] : [{ ...inUse, until }];
  const rotated: Key = { ...key, secrets: [{ digest: command.digest }, ...before] };
  const replaced = inUse === key.secrets[0] ? "" : "; the newer one, which nobody had used, is replaced";
  const note = before.length === 0 ? "the secret before ended at once" : `the secret in use works for ${about(command.overlap)} more`;
  draft.putKey(rotated, { kind: "KEY_ROTATED", note: `${note}${replaced}` });
  return { ok: true, key: rotated };
}

function secretInUse({ secrets: [newest, older] }: Key, at: Micros, used: ReadonlySet<string> = new Set()): Secret | undefined {
  const isUsed = newest?.used === true || (newest !== undefined && used.has(newest.digest));
  return isUsed || older === undefined || (older.until ?? 0) <= at ? newest : older;
}

export function revokeKey(draft: Draft, command: RevokeKey): Done | Refusal {
  const key = draft.pool.keys.get(command.key);
  if (key === undefined) return noKey(command.key);
  if (key.revokedAt !== undefined) return { ok: true, key };
  const stays = (other: Key) => other !== key && isAlive(other, draft.at) && isAdmin(other);
  if (!command.bootstrap && isAdmin(key) && !draft.pool.keys.values().some(stays)) return lastAdmin(key);
  const revoked: Key = { ...key, revokedAt: draft.at };
  draft.putKey(revoked, { kind: "KEY_REVOKED", note: key.label });
  return { ok: true, key: revoked };
}

export function useKeys(draft: Draft, command: UseKeys): Done {
  for (const [id, { at, digests }] of command.used) {
    const key = draft.pool.keys.get(id);
    if (key === undefined || at <= (key.lastUsedAt ?? 0)) continue;
    const secrets = key.secrets.map((secret): Secret => (digests.has(secret.digest) ? { ...secret, used: true } : secret));
    draft.putKey({ ...key, lastUsedAt: at, secrets });
  }
  return { ok: true };
}

/** Ends what a revoked key waits for, and what it holds where that is wanted: it would end by itself, as nobody can renew it. */
export function disown(draft: Draft, { by, principal, held }: Disown): Done {
  const leases = [...draft.pool.leases.values()].filter((lease) => lease.principal === principal && (held || lease.state !== "HELD"));
  const how = { note: "its key was revoked", by: draft.identity(by) };
  for (const lease of leases) end(draft, lease, { reason: lease.state === "HELD" ? "FORCE_RELEASED" : "WITHDRAWN", ...how });
  return { ok: true };
}

/** Whether it opens everything, the keys included. Asked of each of many keys, of which few are administrators'. */
function isAdmin({ grants }: Key): boolean {
  return grants.some(({ role }) => role === "ADMIN") && new Rights(grants).mayAll("ADMIN");
}

function inWords({ role, patterns }: Grant): string {
  return `${role} on ${patterns.join(", ")}`;
}

/** A revoked key stays as long as a lease of it can live: its lease_tokens must find it. */
function oldestEnded(draft: Draft): Key | undefined {
  const isDone = (key: Key) => !isAlive(key, draft.at) && (key.revokedAt ?? 0) + limits.maxTtl <= draft.at;
  const ended = [...draft.pool.keys.values()].filter(isDone);
  return ended.reduce<Key | undefined>(
    (oldest, key) => (oldest !== undefined && oldest.createdAt <= key.createdAt ? oldest : key),
    undefined,
  );
}

function noKey(id: string): Refusal {
  return {
    ok: false,
    reason: "KEY_NOT_FOUND",
    field: "id",
    message: `there is no key ${JSON.stringify(id)}; list the keys to find its id`,
  };
}

function keyEnded({ id, label, revokedAt }: Key): Refusal {
  const how = revokedAt === undefined ? "has expired" : "was revoked";
  return { ok: false, reason: "KEY_ENDED", field: "id", message: `key ${id} (${label}) ${how}; make a new one` };
}

function firstAdmin(): Refusal {
  return {
    ok: false,
    reason: "LAST_ADMIN",
    field: "grants",
    message:
      "the server has no API_KEY, and from the first key on everybody is asked for one: the first key must have ROLE_ADMIN on *, or nobody could make another",
  };
}

function lastAdmin({ id, label }: Key): Refusal {
  return {
    ok: false,
    reason: "LAST_ADMIN",
    field: "id",
    message: `key ${id} (${label}) is the only one that may do everything, and the server has no API_KEY: nobody could make keys any more; make another with ROLE_ADMIN on * first`,
  };
}
