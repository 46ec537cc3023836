/**
 * Looks for what is no event and yet to be told: that somebody waits for long, or that a lease ends soon. It looks at all live leases, again
 * and again, so that nothing is missed over a restart; that a lease is told of once is the store's doing.
 */
import { Sight } from "../core/access/sight.ts";
import { latestEnd } from "../core/ledger.ts";
import type { Lease } from "../core/model/lease.ts";
import { namesOf } from "../core/model/needs.ts";
import { waitsSince } from "../core/model/reservation.ts";
import type { Micros } from "../core/model/units.ts";
import { Slice } from "../engine/slice.ts";
import type { Timers } from "../engine/timers.ts";
import type { Views } from "../engine/views.ts";
import type { Mail } from "../store/history/history.ts";
import type { LeaseLetter } from "../store/history/letters.ts";
import { fits, letterTo, type Notice } from "../store/history/notice.ts";
import { type NoticeRule, receiverOf } from "./rules.ts";

/** How often it looks, in milliseconds, and how many times as long as that takes it rests. */
const EVERY = 1_000;
const REST = 50;
/** How many letters are written at once. */
const BATCH = 1_000;

export interface LookoutParts {
  readonly views: Pick<Views, "pools" | "now" | "isOpen">;
  readonly mail: Pick<Mail, "putOnce">;
  readonly timers: Timers;
  /** Told who has got letters. */
  readonly posted: (receivers: readonly string[]) => void;
  readonly trouble: (error: unknown, what: string) => void;
}

/** What a lease is, that somebody may be told of. */
type Finding = Pick<Notice, "kind" | "until" | "latestEnd">;

type Watched = NoticeRule & { readonly sight: Sight };

export class Lookout {
  readonly #parts: LookoutParts;
  #rules: readonly Watched[] = [];
  /** Of what was found when it looked last, what was told: by the ids of letters. */
  #told = new Set<string>();
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(parts: LookoutParts) {
    this.#parts = parts;
  }

  /** What it looks for from now on. */
  govern(rules: readonly NoticeRule[]): void {
    const watching = rules.filter(({ kinds }) => kinds.includes("queued_long") || kinds.includes("expiring_soon"));
    this.#rules = watching.map((rule) => ({ ...rule, sight: new Sight(rule.patterns) }));
    if (watching.length > 0 && this.#cancel === undefined) this.#lookAfter(EVERY);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #lookAfter(milliseconds: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.timers.after(milliseconds, () => {
      const since = performance.now();
      this.#look()
        .catch((error) => this.#parts.trouble(error, "write notices of who waits for long, or whose lease ends soon; it is tried again"))
        .finally(() => {
          this.#cancel = undefined;
          if (this.#rules.length > 0) this.#lookAfter(Math.max(EVERY, REST * (performance.now() - since)));
        });
    });
  }

  async #look(): Promise<void> {
    const { views } = this.#parts;
    // On a full disk what room there is, is for leases.
    if (!views.isOpen) return;
    const [slice, rules, now, told] = [new Slice(), this.#rules, views.now(), new Set<string>()];
    let found: LeaseLetter[] = [];
    for (const pool of [...views.pools()])
      for (const lease of pool.leases.values()) {
        const turn = slice.next();
        if (turn !== undefined) await turn;
        for (const letter of lettersAbout(lease, rules, now)) {
          if (this.#told.has(letter.id)) told.add(letter.id);
          else found.push(letter);
        }
        if (found.length >= BATCH) found = await this.#write(found, told, now);
      }
    await this.#write(found, told, now);
    this.#told = told;
  }

  async #write(letters: LeaseLetter[], told: Set<string>, now: Micros): Promise<LeaseLetter[]> {
    if (letters.length > 0) this.#parts.posted(await this.#parts.mail.putOnce(letters, now));
    for (const { id } of letters) told.add(id);
    return [];
  }
}

function lettersAbout(lease: Lease, rules: readonly Watched[], now: Micros): LeaseLetter[] {
  return rules.flatMap((rule) => {
    const finding = findingOf(lease, rule, now);
    if (finding === undefined || !rule.kinds.some((kind) => kind === finding.kind)) return [];
    const environments = namesOf(lease);
    if (!fits(rule.sight, lease.pool, environments)) return [];
    const { id, holder, principal, principalLabel, reason, grantedAt, pool } = lease;
    const of = { lease: id, holder, principal, ...(principalLabel !== undefined && { principalLabel }), reason, pool, environments };
    const times = { at: now, createdAt: waitsSince(lease), ...(grantedAt !== undefined && { grantedAt }) };
    return { ...letterTo(receiverOf(rule), { ...of, ...times, ...finding }, [id]), lease: id };
  });
}

function findingOf(lease: Lease, { queuedFor, expiresIn }: NoticeRule, now: Micros): Finding | undefined {
  const { state, transient, cleaning, early } = lease;
  if (transient === true || cleaning === true) return undefined;
  if (state === "QUEUED") return early !== true && waitsSince(lease) + queuedFor <= now ? { kind: "queued_long" } : undefined;
  return state === "HELD" ? ending(lease, expiresIn, now) : undefined;
}

/**
 * That it ends unless it is renewed, or whatever its holder does. What is short is told of late: of a lease that is renewed every few seconds
 * only when that has stopped.
 */
function ending(lease: Lease, expiresIn: Micros, now: Micros): Finding | undefined {
  const { grantedAt = 0, deadline, ttl = 0 } = lease;
  const latest = latestEnd(lease);
  const isSoon = (end: Micros | undefined, length: Micros) => end !== undefined && end - Math.min(expiresIn, length / 4) <= now;
  if (!isSoon(latest, (latest ?? 0) - grantedAt) && !isSoon(deadline, ttl)) return undefined;
  return { kind: "expiring_soon", ...(deadline !== undefined && { until: deadline }), ...(latest !== undefined && { latestEnd: latest }) };
}
