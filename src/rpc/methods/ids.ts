import { randomUUID } from "node:crypto";

/**
 * A lease's id: a UUIDv7, which begins with the time in milliseconds, so that new leases lie side by side in the store and a commit writes
 * few pages. Unique by 74 random bits. It is no secret: what it may do needs a key, or the lease_token (decision 8).
 */
export function newLeaseId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
