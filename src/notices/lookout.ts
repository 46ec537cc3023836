/**
 * Looks for what is no event and yet to be told: that somebody waits for long, or that a lease ends soon. It looks at all live leases, again
 * and again, so that nothing is missed over a restart; that each is told of once is the store's doing.
 */
import { Sight } from "../core/access/sight.ts";
import { latestEnd } from "../core/ledger.ts";
import type { Lease, LeaseState } from "../core/model/lease.ts";
import { namesOf } from "../core/model/needs.ts";
import { waitsSince } from "../core/model/reservation.ts";
import type { Micros } from "../core/model/units.ts";
import type { Notice } from "../core/notice.ts";
import { Slice } from "../engine/slice.ts";
import type { Timers } from "../engine/timers.ts";
import type { Views } from "../engine/views.ts";
import { addressOf } from "../store/history/addressee.ts";
import type { LeaseLetter, Posting } from "../store/history/letter.ts";
import type { Mail } from "../store/history/mail.ts";
import { fits, letterTo } from "../store/history/subscriptions.ts";
import type { NoticeRule } from "./rules.ts";

/**
 * How long it rests between two looks, in milliseconds: at least 50 times as long as the work of a look takes, which is told by the leases and
 * rules that it looked at. By a clock it would also count its waits for the disk, and for others.
 */
const REST = { least: 1_000, each: 0.002, most: 60_000 };
/** How many letters are written at once. */
const BATCH = 1_000;
/** How often it looks for what is still known of leases that have ended, in microseconds. */
const SWEEP_EVERY: Micros = 3_600_000_000;
/** The end of a lease is told again after a renewal where its ttl is so many times as long as `expires_in`: else once. */
const LONG = 4;

export interface LookoutParts {
  readonly views: Pick<Views, "pools" | "live" | "now" | "isOpen">;
  readonly mail: Pick<Mail, "putOnce" | "marked" | "forget">;
  readonly timers: Timers;
  /** Told of the letters. */
  readonly posted: (posting: Posting) => void;
  readonly trouble: (error: unknown, what: string) => void;
}

/** What a lease is, that somebody may be told of, and what tells it from what else is told of it. */
interface Finding {
  readonly what: Pick<Notice, "kind" | "until" | "latestEnd">;
  readonly key: readonly Micros[];
}

/** Something to tell; `mark`: of the same lease and kind, to the same receiver. */
interface Found {
  readonly lease: Lease;
  readonly letter: LeaseLetter;
  readonly mark: string;
}

type Watched = NoticeRule & { readonly sight: Sight };

export class Lookout {
  readonly #parts: LookoutParts;
  #rules: readonly Watched[] = [];
  /** Of what was found when it looked last, what was told, by marks: it is not told again before it was otherwise. */
  #told = new Set<string>();
  /** At how many leases it looked last, at each for each rule. */
  #looked = 0;
  #swept = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isBegun = false;
  #isLooking = false;
  #stopped = false;

  constructor(parts: LookoutParts) {
    this.#parts = parts;
  }

  /** What it looks for from now on. */
  govern(rules: readonly NoticeRule[]): void {
    const watching = rules.filter(({ kinds }) => kinds.includes("queued_long") || kinds.includes("expiring_soon"));
    this.#rules = watching.map((rule) => ({ ...rule, sight: new Sight(rule.patterns) }));
    this.#cancel?.();
    if (!this.#isLooking) this.#lookAfter(REST.least);
  }

  /** There is a history to write to. */
  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#lookAfter(REST.least);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #lookAfter(milliseconds: number): void {
    if (!this.#isBegun || this.#stopped || this.#rules.length === 0) return;
    this.#cancel = this.#parts.timers.after(milliseconds, () => {
      this.#isLooking = true;
      this.#look()
        .catch((error) => {
          this.#parts.trouble(error, "write notices of who waits for long, or whose lease ends soon; it is tried again");
        })
        .finally(() => {
          this.#isLooking = false;
          this.#lookAfter(Math.min(REST.most, Math.max(REST.least, REST.each * this.#looked)));
        });
    });
  }

  async #look(): Promise<void> {
    const { views } = this.#parts;
    this.#looked = 0;
    // On a full disk what room there is, is for leases.
    if (!views.isOpen) return;
    const [slice, rules, now, told] = [new Slice(), this.#rules, views.now(), new Set<string>()];
    let found: Found[] = [];
    for (const pool of [...views.pools()])
      for (const lease of pool.leases.values()) {
        const turn = slice.next();
        if (turn !== undefined) await turn;
        this.#looked += rules.length;
        for (const one of foundOf(lease, rules, now)) {
          if (this.#told.has(one.mark)) told.add(one.mark);
          else found.push(one);
        }
        if (found.length >= BATCH) found = await this.#write(found, told, now);
      }
    await this.#write(found, told, now);
    this.#told = told;
    await this.#sweep(now);
  }

  async #write(found: readonly Found[], told: Set<string>, now: Micros): Promise<Found[]> {
    // What has ended meanwhile, or begun to be held, was told of by its event, and nothing is known of it any more.
    const present = found.filter(({ lease }) => this.#stateOf(lease.id) === lease.state);
    if (present.length > 0)
      this.#parts.posted(
        await this.#parts.mail.putOnce(
          present.map(({ letter }) => letter),
          now,
        ),
      );
    for (const { mark } of present) told.add(mark);
    return [];
  }

  /** Forgets of leases that have ended what their events did not have forgotten. */
  async #sweep(now: Micros): Promise<void> {
    if (now - this.#swept < SWEEP_EVERY) return;
    const { mail } = this.#parts;
    const slice = new Slice();
    const gone: string[] = [];
    for (const lease of await mail.marked()) {
      const turn = slice.next();
      if (turn !== undefined) await turn;
      if (this.#stateOf(lease) === undefined) gone.push(lease);
    }
    if (gone.length > 0) await mail.forget(gone);
    this.#swept = now;
  }

  /** Of a live lease. */
  #stateOf(id: string): LeaseState | "damaged" | undefined {
    try {
      return this.#parts.views.live(id)?.lease.state;
    } catch {
      return "damaged";
    }
  }
}

function foundOf(lease: Lease, rules: readonly Watched[], now: Micros): Found[] {
  return rules.flatMap((rule) => {
    const finding = findingOf(lease, rule, now);
    if (finding === undefined || !rule.kinds.some((kind) => kind === finding.what.kind)) return [];
    const environments = namesOf(lease);
    if (!fits(rule.sight, lease.pool, environments)) return [];
    const { id, holder, principal, principalLabel, reason, grantedAt, pool } = lease;
    const of = { lease: id, holder, principal, ...(principalLabel !== undefined && { principalLabel }), reason, pool, environments };
    const times = { at: now, createdAt: waitsSince(lease), ...(grantedAt !== undefined && { grantedAt }) };
    const letter = letterTo(addressOf(rule.name), { ...of, ...times, ...finding.what }, [id, ...finding.key]);
    return { lease, letter: { ...letter, lease: id }, mark: `${finding.what.kind} ${rule.name} ${id}` };
  });
}

function findingOf(lease: Lease, { queuedFor, expiresIn }: NoticeRule, now: Micros): Finding | undefined {
  const { state, transient, cleaning, early } = lease;
  if (transient === true || cleaning === true) return undefined;
  if (state === "QUEUED")
    return early !== true && waitsSince(lease) + queuedFor <= now ? { what: { kind: "queued_long" }, key: [] } : undefined;
  return state === "HELD" ? ending(lease, expiresIn, now) : undefined;
}

/**
 * That it ends unless it is renewed, or whatever its holder does. What is short is told of late: of a lease that is renewed every few seconds
 * only when that has stopped. Who extends what is long is told of the new end as well.
 */
function ending(lease: Lease, expiresIn: Micros, now: Micros): Finding | undefined {
  const { grantedAt = 0, deadline, ttl = 0 } = lease;
  const latest = latestEnd(lease);
  const isSoon = (end: Micros | undefined, length: Micros) => end !== undefined && end - Math.min(expiresIn, length / 4) <= now;
  const isLatest = isSoon(latest, (latest ?? 0) - grantedAt);
  if (!isLatest && !isSoon(deadline, ttl)) return undefined;
  const meant = isLatest ? latest : ttl >= LONG * expiresIn ? deadline : undefined;
  return {
    what: { kind: "expiring_soon", ...(deadline !== undefined && { until: deadline }), ...(latest !== undefined && { latestEnd: latest }) },
    key: meant === undefined ? [] : [meant],
  };
}
