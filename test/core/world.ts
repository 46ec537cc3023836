/** A pool to play with: commands in, replies and invariants out, time by hand. */
import type { Acquire, Apply, Clean, Command, Reply } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import { Draft, type Row } from "../../src/core/draft.ts";
import type { Event } from "../../src/core/event.ts";
import type { Found } from "../../src/core/found.ts";
import { checkPool } from "../../src/core/invariants.ts";
import { poolOfRows } from "../../src/core/loading.ts";
import { type Lease, requestKey, type Want } from "../../src/core/model/lease.ts";
import { emptyPool, type Pool } from "../../src/core/model/pool.ts";
import { storedEnvironment } from "../../src/core/model/site.ts";
import type { Micros } from "../../src/core/model/units.ts";

export const SECOND: Micros = 1_000_000;
export const MINUTE: Micros = 60 * SECOND;
export const HOUR: Micros = 60 * MINUTE;

/** The caller of what is not about who calls. */
export const ADMIN = { principal: "admin" };

const nobody = { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;

/** What is asked for: a name, name:slots, or a want in full. */
export type Asked = string | Want;

/** An Acquire with everything but what matters filled in. */
export function acquireCommand(id: string, needs: Asked | readonly Asked[], more: Partial<Acquire> = {}): Acquire {
  const list = Array.isArray(needs) ? (needs as readonly Asked[]) : [needs as Asked];
  return {
    type: "acquire",
    id,
    by: { principal: "admin" },
    needs: list.map((need) => {
      if (typeof need !== "string") return need;
      const [environment = "", slots = "1"] = need.split(":");
      return { environment, slots: Number(slots) };
    }),
    autoCreate: true,
    ifBusy: "QUEUE",
    ticketTtl: MINUTE,
    claimTimeout: 30 * SECOND,
    priority: 0,
    fingerprint: "",
    holder: { ...nobody, name: id },
    reason: "",
    tags: [],
    legacy: false,
    ...more,
  };
}

/** An AcquireForCleaning, likewise. */
export function cleanCommand(id: string, more: Partial<Clean> = {}): Clean {
  return { type: "clean", id, by: ADMIN, ttl: MINUTE, fingerprint: "", holder: { ...nobody, name: id }, reason: "", ...more };
}

export class World {
  pool: Pool = emptyPool("default");
  at: Micros = 1_000 * HOUR;
  readonly events: Event[] = [];
  readonly ended = new Map<string, Lease>();
  /** All that was written. */
  readonly rows: Row[] = [];
  /** What the other pools have. */
  others = { environments: 0, leases: 0, waiters: 0, pools: 0 };
  /** Environments of other pools. */
  readonly elsewhere = new Map<string, string>();

  /** Decides at the present time, checks every invariant, and keeps the result. */
  do(command: Command): Reply {
    const reply = this.draft((draft) => decide(draft, command));
    checkPool(this.pool);
    return reply;
  }

  /** Changes the pool at the present time, whatever the rules say, and keeps the result. */
  draft<R>(change: (draft: Draft) => R): R {
    const found: Found = {
      lease: (id) => this.#stored().find((lease) => lease.id === id),
      request: (key) => this.#stored().findLast((lease) => lease.requestId && keyOf(lease) === key),
      against: () => 0,
      elsewhere: () => this.others,
      owner: (environment) => this.elsewhere.get(environment) ?? (this.pool.sites.has(environment) ? "default" : undefined),
    };
    const draft = new Draft(this.pool, this.at, found);
    const result = change(draft);
    this.pool = draft.pool;
    this.events.push(...draft.events);
    this.rows.push(...draft.rows);
    for (const row of draft.rows) if (row.kind === "lease" && row.lease.state === "ENDED") this.ended.set(row.lease.id, row.lease);
    return result;
  }

  /** Ended leases, but those that leave nothing behind. */
  #stored(): Lease[] {
    return [...this.ended.values()].filter((lease) => lease.transient !== true);
  }

  /** What a restart makes of what is stored. */
  reload(): void {
    const { sites, leases, keys } = this.pool;
    this.pool = poolOfRows(this.pool, [...sites.values()].map(storedEnvironment), [...leases.values()], [...keys.values()]);
    checkPool(this.pool);
  }

  /** Lets time pass, and what is due happen. */
  pass(time: Micros): void {
    this.at += time;
    this.do({ type: "pulse" });
  }

  acquire(id: string, needs: Asked | readonly Asked[], more: Partial<Acquire> = {}): Lease {
    const reply = this.do(acquireCommand(id, needs, more));
    if (!reply.ok || reply.lease === undefined) throw new Error(`refused: ${JSON.stringify(reply)}`);
    return reply.lease;
  }

  release(lease: string): Reply {
    return this.do({ type: "release", by: { principal: "admin" }, lease, outcome: "OK", note: "" });
  }

  /** The answer of a call that gave the lease did not arrive. */
  hangUp(lease: string, written = false): Reply {
    return this.do({ type: "hangUp", lease, revision: this.lease(lease).revision, written });
  }

  claim(lease: string): Reply {
    return this.do({ type: "claim", lease });
  }

  apply(environments: Record<string, Partial<Apply["environments"][number]>>, prune = false): Reply {
    const configs = Object.entries(environments).map(([name, config]) => {
      return { name, pool: "default", description: "", labels: {}, capacity: 1, links: {}, ...config };
    });
    return this.do({ type: "apply", by: ADMIN, environments: configs, prune });
  }

  /** The lease as it is now, live or ended. */
  lease(id: string): Lease {
    const lease = this.pool.leases.get(id) ?? this.ended.get(id);
    if (lease === undefined) throw new Error(`no lease ${id}`);
    return lease;
  }

  /** Its state; with why, if it ended. */
  state(id: string): string {
    const lease = this.lease(id);
    return lease.endReason ?? lease.state;
  }

  /** States of several, in one line. */
  states(...ids: string[]): string {
    return ids.map((id) => `${id} ${this.state(id)}`).join(", ");
  }
}

function keyOf(lease: Lease): string {
  return requestKey(lease.principal, lease.pool, lease.requestId ?? "");
}
