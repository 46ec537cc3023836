/** Who is told of what: by rules of a file, and by what leases ask for. Everything that is told waits with the history until it has arrived. */
import type { Micros } from "../core/model/units.ts";
import type { Notice } from "../core/notice.ts";
import { Slice } from "../engine/slice.ts";
import type { Timers } from "../engine/timers.ts";
import type { Views } from "../engine/views.ts";
import { addressOf, ruleOf } from "../store/history/addressee.ts";
import type { Archive } from "../store/history/history.ts";
import type { Dead, DeadLetter, Letter, Posting } from "../store/history/letter.ts";
import { letterTo } from "../store/history/subscriptions.ts";
import { Directory, type Named } from "./directory.ts";
import { Journal, type NoticesLog } from "./journal.ts";
import { Lookout } from "./lookout.ts";
import { type Resolve, systemResolve } from "./lookup.ts";
import type { NoticesFigures, NoticesObserver } from "./observer.ts";
import { failed, type Outcome } from "./outcome.ts";
import { type Receiver, shown } from "./receiver.ts";
import { type Health, Round, type RoundParts } from "./round.ts";
import { NO_NOTICES, type NoticeRules } from "./rules.ts";
import { Sender } from "./sender.ts";
import { Slots } from "./slots.ts";
import { messageOf } from "./template.ts";

/** How many attempts are under way at once to URLs of leases, in all and of one origin. Each rule has its own. */
const AT_ONCE = { all: 64, origin: 4 };

export interface NoticesParts {
  readonly archive: Pick<Archive, "mail" | "subscribe">;
  readonly views: Pick<Views, "pools" | "live" | "now" | "isOpen">;
  readonly timers: Timers;
  readonly log: NoticesLog;
  readonly trouble: (error: unknown, what: string) => void;
  readonly observer?: NoticesObserver;
  readonly resolve?: Resolve;
}

/** How the notices to one receiver stand. */
export interface ReceiverState extends Named, Health {
  readonly waiting: number;
}

/** What became of a test of a rule. */
export interface Tested {
  readonly rule: string;
  readonly origin: string;
  readonly outcome: Outcome;
}

export class Notices {
  readonly #parts: NoticesParts;
  readonly #lookout: Lookout;
  /** By URL: in order for each, whoever has named it. */
  readonly #rounds = new Map<string, Round>();
  readonly #slots = new Slots(AT_ONCE.all, AT_ONCE.origin);
  readonly #resolve: Resolve;
  readonly #journal: Journal;
  readonly #stopping = new AbortController();
  #directory = new Directory();
  #sender: Sender;

  constructor(parts: NoticesParts) {
    this.#parts = parts;
    this.#journal = new Journal(parts.log, parts.trouble);
    this.#resolve = parts.resolve ?? systemResolve();
    this.#sender = new Sender(NO_NOTICES.networks, this.#resolve);
    const { views, archive, timers } = parts;
    this.#lookout = new Lookout({
      ...{ views, timers, mail: archive.mail },
      posted: (posting) => this.posted(posting),
      trouble: (...what) => this.#trouble(...what),
    });
  }

  /** From now on these rules count, also for what waits. */
  govern(rules: NoticeRules): void {
    const before = this.#sender;
    this.#directory = new Directory(rules);
    this.#sender = new Sender(rules.networks, this.#resolve);
    const subscriptions = rules.rules.map(({ name, patterns, kinds }) => ({ to: addressOf(name), patterns, kinds }));
    this.#parts.archive.subscribe(subscriptions);
    this.#lookout.govern(rules.rules);
    for (const [url, round] of this.#rounds) {
      if (round.receivers.every((to) => this.#directory.urlOf(to) === url)) round.hurry();
      else {
        this.#rounds.delete(url);
        void round.stop().then(() => this.posted({ receivers: round.receivers, lost: [] }));
      }
    }
    before.close();
  }

  /** There are letters, and some may have been given up for them. Also told as soon as the history is open. */
  posted({ receivers, lost }: Posting): void {
    this.#lookout.begin();
    for (const [to, count] of lost) {
      const named = this.named(to);
      this.#parts.observer?.gaveUp?.(named.rule, "overflow", count);
      this.#journal.gaveUp(named, "more waited than are kept, and these were the oldest", count);
    }
    if (this.#rounds.size > 2 * AT_ONCE.all) this.#tidy();
    void this.#note(receivers);
  }

  async #note(receivers: readonly string[]): Promise<void> {
    const slice = new Slice();
    for (const to of receivers) {
      const turn = slice.next();
      if (turn !== undefined) await turn;
      if (this.#stopping.signal.aborted) return;
      const url = this.#directory.urlOf(to);
      const round = this.#rounds.get(url) ?? new Round(this.#roundParts());
      this.#rounds.set(url, round);
      round.note(to);
    }
  }

  /** What is wrong with a URL that a lease shall be told of at; undefined: nothing. */
  complaintOf(text: string): string | undefined {
    return this.#directory.complaintOf(text);
  }

  /** The names of the rules. */
  get rules(): readonly string[] {
    return this.#directory.rules.map(({ name }) => name);
  }

  /** Those of all rules, and for whom else something waits; those whom leases have named together for each origin. */
  async states(): Promise<readonly ReceiverState[]> {
    const counts = await this.#parts.archive.mail.counts();
    const states = new Map<string, ReceiverState>();
    const slice = new Slice();
    for (const to of new Set([...this.#directory.rules.map(({ name }) => addressOf(name)), ...counts.keys()])) {
      const turn = slice.next();
      if (turn !== undefined) await turn;
      const named = this.named(to);
      const key = JSON.stringify(named);
      const { failures = 0, why = "" } = this.#rounds.get(this.#directory.urlOf(to))?.health ?? {};
      const before = states.get(key) ?? { waiting: 0, failures: 0, why: "" };
      const worse = failures > before.failures ? { failures, why } : { failures: before.failures, why: before.why };
      states.set(key, { ...named, ...worse, waiting: before.waiting + (counts.get(to) ?? 0) });
    }
    return [...states.values()];
  }

  /** How many notices there are. Rejects with a StoreFailure where the history cannot be asked. */
  figures(): Promise<NoticesFigures> {
    return this.#parts.archive.mail.figures();
  }

  /** Notices that were given up, in front of a number, newest first. */
  dead(limit: number, before: number): Promise<readonly DeadLetter[]> {
    return this.#parts.archive.mail.dead(limit, before);
  }

  /** Tries notices once more that were given up; how many. */
  async retry(which: Dead): Promise<number> {
    const receivers = await this.#parts.archive.mail.revive(which);
    const each = [...new Set(receivers)];
    await this.#note(each);
    for (const to of each) this.#rounds.get(this.#directory.urlOf(to))?.hurry();
    return receivers.length;
  }

  /** Forgets notices that were given up; how many. */
  async drop(which: Dead): Promise<number> {
    return await this.#parts.archive.mail.drop(which);
  }

  /** Tells the receivers of rules of a test, at once: of all rules, or the one of that name. */
  async test(principal: string, only?: string): Promise<readonly Tested[]> {
    const rules = this.#directory.rules.filter(({ name }) => (only ?? name) === name);
    return await Promise.all(rules.map((rule) => this.#test(rule, rule.name, principal)));
  }

  /** The same of a URL that leases may name; undefined: they may not. */
  async testOf(text: string, principal: string): Promise<Tested | undefined> {
    const receiver = ruleOf(text) === undefined ? this.#directory.receiverOf(text) : undefined;
    return receiver && (await this.#test(receiver, "", principal));
  }

  async #test(receiver: Receiver, rule: string, principal: string): Promise<Tested> {
    const at: Micros = this.#parts.views.now();
    const notice: Notice = { kind: "test", at, pool: "", environments: [], reason: "a test", principal };
    const letter = letterTo(rule === "" ? receiver.url.href : addressOf(rule), notice, [at]);
    return { rule, origin: shown(receiver.url), outcome: await this.#send(receiver, letter) };
  }

  /** Rule and origin of a receiver, without what may be secret. */
  named(to: string): Named {
    return this.#directory.named(to);
  }

  /** Nothing is sent any more; what is under way is cut, and sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#lookout.stop();
    const stopped = [...this.#rounds.values()].map((round) => round.stop());
    this.#sender.close();
    await Promise.all(stopped);
  }

  #roundParts(): RoundParts {
    const { archive, views, timers, observer } = this.#parts;
    const journal = this.#journal;
    return {
      ...{ mail: archive.mail, timers, now: () => views.now(), attempt: (letter) => this.#attempt(letter) },
      arrived: ({ to }) => {
        const named = this.named(to);
        observer?.arrived?.(named.rule);
        journal.arrived(named);
      },
      failed: ({ to }, why) => {
        const named = this.named(to);
        observer?.failed?.(named.rule);
        journal.failed(named, why);
      },
      gaveUp: ({ to, id }, why, loss) => {
        const named = this.named(to);
        observer?.gaveUp?.(named.rule, loss, 1);
        journal.gaveUp({ ...named, id }, why);
      },
      trouble: (error, what) => this.#trouble(error, what),
    };
  }

  async #attempt(letter: Letter): Promise<Outcome> {
    const rule = ruleOf(letter.to);
    const origin = rule === undefined ? this.#directory.receiverOf(letter.to)?.url.origin : undefined;
    const leave = origin === undefined ? undefined : await this.#slots.take(origin);
    try {
      // The rules may have changed meanwhile.
      const receiver = this.#directory.receiverOf(letter.to);
      if (receiver !== undefined) return await this.#send(receiver, letter);
      return failed(`the file of CALL_ME_NOTICES ${rule === undefined ? "allows no such URL" : "has no such rule"} any more`);
    } finally {
      leave?.();
    }
  }

  async #send(receiver: Receiver, letter: Letter): Promise<Outcome> {
    return await this.#sender.send(receiver, messageOf(letter, receiver.template));
  }

  /** Those that have nothing to do any more are forgotten. */
  #tidy(): void {
    for (const [url, round] of this.#rounds) if (round.isOver) this.#rounds.delete(url);
  }

  #trouble(error: unknown, what: string): void {
    if (!this.#stopping.signal.aborted) this.#journal.trouble(error, what);
  }
}
