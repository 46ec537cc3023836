/** Who is told of what is in the log. */
import { hash } from "node:crypto";
import { Sight } from "../../core/access/sight.ts";
import type { Event } from "../../core/event.ts";
import { kindOf, type Notice, type NoticeKind, noticeOf, ownKind } from "../../core/notice.ts";
import type { Letter } from "./letter.ts";

/** Who is told of what: which kinds, of environments that the patterns fit. */
export interface Subscription {
  readonly to: string;
  readonly patterns: readonly string[];
  readonly kinds: readonly NoticeKind[];
}

/** A letter; `key` tells it from all others to the same receiver. */
export function letterTo(to: string, notice: Notice, key: readonly unknown[]): Letter {
  return { id: `msg_${hash("sha256", JSON.stringify([to, notice.kind, ...key]), "base64url").slice(0, 27)}`, to, notice };
}

/** Whether a part of the log can be about somebody who is told of its own lease. */
export function hasAddressee(text: string): boolean {
  return text.includes('"notify"');
}

/** Who is told of events by rules, and by what their own leases say. */
export class Subscriptions {
  readonly #all: readonly (Subscription & { readonly sight: Sight })[];

  constructor(all: readonly Subscription[] = []) {
    this.#all = all.map((one) => ({ ...one, sight: new Sight(one.patterns) }));
  }

  get areNone(): boolean {
    return this.#all.length === 0;
  }

  /** The letters about an event, as the log has it. */
  lettersOf(event: Event): Letter[] {
    const { pool, revision, cause } = event;
    const own = cause?.notify === undefined ? undefined : ownKind(event);
    const kind = kindOf(event);
    if (kind === undefined && own === undefined) return [];
    const told = kind && noticeOf(event, kind);
    const letters = told === undefined ? [] : this.#of(told).map(({ to }) => letterTo(to, told, [pool, revision]));
    if (own !== undefined && cause?.notify !== undefined) letters.push(letterTo(cause.notify, noticeOf(event, own), [pool, revision]));
    return letters;
  }

  #of({ kind, pool, environments }: Notice): readonly Subscription[] {
    return this.#all.filter((one) => one.kinds.includes(kind) && fits(one.sight, pool, environments));
  }
}

/** Whether patterns mean one of these environments; without any, as for who waits by selector, the whole pool. */
export function fits(sight: Sight, pool: string, environments: readonly string[]): boolean {
  return environments.length === 0 ? sight.within(pool) === undefined : environments.some((name) => sight.has(pool, name));
}
