import type { HoldOptions } from "./options.ts";

/**
 * A place in line, or a grant, that no process keeps: what Client.detach gives. It is plain data, to be handed on as JSON. Its token opens
 * the lease: keep it out of logs.
 */
export interface Ticket {
  readonly leaseId: string;
  readonly leaseToken: string;
  /** Who has lost the token comes back by asking the same with this one: see HoldOptions. */
  readonly requestId: string;
}

/** What must be said of a wait that nobody attends: the defaults are for those who stay. */
const NEEDED = ["ttl", "ticketTtl", "claimTimeout"] as const;

/** Throws a TypeError if the lease would most likely be over before anybody can pick it up. */
export function checkDetached(options: HoldOptions): void {
  const missing = NEEDED.filter((name) => options[name] === undefined);
  if (missing.length === 0 || options.autoClaim) return;
  const told =
    "nobody renews it or keeps it in line until it is picked up. ttl: for how long it is held if it is granted at once; ticketTtl: how long it waits; claimTimeout: how long a grant waits";
  throw new TypeError(`detach needs ${missing.join(", ")}, since ${told}`);
}

/** Throws a TypeError for what cannot be a ticket. */
export function checkTicket({ leaseId, leaseToken }: Ticket): void {
  for (const [name, value] of Object.entries({ leaseId, leaseToken }))
    if (typeof value !== "string" || value === "") throw new TypeError(`a ticket has a ${name}, as Client.detach gave it`);
}
