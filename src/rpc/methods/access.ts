/** AccessService: each method once, `(message, call) → message`. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import * as pb from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { keyDigest, newKeyId, newKeyText } from "../../access/key-text.ts";
import { ACCESS_POOL, type Key, principalOf } from "../../core/access/key.ts";
import type { Reply } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import { refused } from "../errors.ts";
import type { Call, Service } from "./call.ts";
import { duration, required, text } from "./fields.ts";
import { grantMessage, readGrants } from "./grants.ts";
import { ageOf, pageOf, pageSize, readAge } from "./page.ts";
import { timestampOf } from "./times.ts";

export async function createKey(
  { engine, principals }: Service,
  request: pb.CreateKeyRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.CreateKeyResponseSchema>> {
  const label = text("label", required("label", request.label), limits.name);
  const grants = readGrants("grants", request.grants);
  const ttl = duration("ttl", request.ttl, limits.keyTtl);
  const id = newKeyId();
  const secret = newKeyText(id);
  const made = { id, label, grants, digest: keyDigest(secret), ...(ttl !== undefined && { ttl }) };
  const { bootstrap } = principals;
  const key = keyIn(await engine.submit(ACCESS_POOL, { type: "createKey", by: call.caller, bootstrap, ...made }, call));
  return { key: keyMessage(key), secret };
}

export async function listKeys(
  { engine, principals }: Service,
  request: pb.ListKeysRequest,
): Promise<MessageInitShape<typeof pb.ListKeysResponseSchema>> {
  const size = pageSize(request.pageSize);
  const { createdAt: at, id } = readAge(request.pageToken) ?? { createdAt: 0, id: "" };
  const isAfter = (key: Key) => key.createdAt > at || (key.createdAt === at && key.id > id);
  const keys = [...engine.views.keys.values()].filter(isAfter).sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  const { page, nextPageToken } = pageOf(keys, size, ageOf);
  // When it was used is stored once a minute.
  return { keys: page.map((key) => keyMessage(key, principals.keyring.usedAt(key.id))), nextPageToken };
}

export async function rotateKey(
  { engine, principals }: Service,
  request: pb.RotateKeyRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.RotateKeyResponseSchema>> {
  const id = required("id", request.id);
  const overlap = duration("overlap", request.overlap, limits.overlap) ?? limits.overlap.default;
  const secret = newKeyText(id);
  const used = principals.keyring.shown(id);
  const command = { type: "rotateKey", by: call.caller, key: id, digest: keyDigest(secret), overlap, used } as const;
  const key = keyIn(await engine.submit(ACCESS_POOL, command, call));
  return { key: keyMessage(key, principals.keyring.usedAt(id)), secret };
}

/**
 * The key ends in one transaction with what it waits for and, if that is wanted, with what it holds. What its calls asked for while that was
 * written is ended by a second one, before the answer.
 */
export async function revokeKey(
  { engine, principals }: Service,
  request: pb.RevokeKeyRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.RevokeKeyResponseSchema>> {
  const id = required("id", request.id);
  const by = call.caller;
  const leases = { type: "disown", by, principal: principalOf(id), held: request.forceRelease } as const;
  const disown = () => [...engine.views.pools()].map(({ name }) => ({ pool: name, command: leases }));
  const revoke = { pool: ACCESS_POOL, command: { type: "revokeKey", by, key: id, bootstrap: principals.bootstrap } } as const;
  const [reply] = await engine.submitAll({ parts: [revoke, ...disown()] }, call);
  const key = keyIn(reply);
  principals.keyring.end(id);
  await engine.submitAll({ parts: disown() });
  return { key: keyMessage(key, principals.keyring.usedAt(id)) };
}

export async function whoAmI(
  _service: Service,
  _request: pb.WhoAmIRequest,
  { caller }: Call,
): Promise<MessageInitShape<typeof pb.WhoAmIResponseSchema>> {
  const { principal, kind, label = "", rights, claims = {}, lease = "", expiresAt, address = "" } = caller;
  return {
    ...{ principal, kind: pb.PrincipalKind[kind], label, leaseId: lease, address, claims: { ...claims } },
    grants: rights.grants.map(grantMessage),
    ...(expiresAt !== undefined && { expiresAt: timestampOf(expiresAt) }),
  };
}

function keyIn(reply: Reply | undefined): Key {
  if (reply === undefined) throw new Error("invariant: a command about a key has a reply");
  if (!reply.ok) throw refused(reply);
  if (reply.key === undefined) throw new Error("invariant: a reply about a key has it");
  return reply.key;
}

/** `lastUsedAt`: where more is known than what is stored. */
function keyMessage(key: Key, lastUsedAt = key.lastUsedAt): MessageInitShape<typeof pb.KeySchema> {
  const [, older] = key.secrets;
  return {
    ...{ id: key.id, label: key.label, grants: key.grants.map(grantMessage), createdBy: key.createdBy },
    createdAt: timestampOf(key.createdAt),
    ...(key.expiresAt !== undefined && { expiresAt: timestampOf(key.expiresAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: timestampOf(lastUsedAt) }),
    ...(key.revokedAt !== undefined && { revokedAt: timestampOf(key.revokedAt) }),
    ...(older?.until !== undefined && { rotatingUntil: timestampOf(older.until) }),
  };
}
