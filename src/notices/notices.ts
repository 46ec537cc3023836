/** Who is told of what: by rules of a file, and by what leases ask for. Everything that is told waits with the history until it has arrived. */
import type { Micros } from "../core/model/units.ts";
import { Slice } from "../engine/slice.ts";
import type { Timers } from "../engine/timers.ts";
import type { Views } from "../engine/views.ts";
import type { Mail } from "../store/history/history.ts";
import type { DeadLetter } from "../store/history/letters.ts";
import { type Letter, letterTo, type Notice, RULE } from "../store/history/notice.ts";
import { Journal, type NoticesLog } from "./journal.ts";
import { Lookout } from "./lookout.ts";
import { type Resolve, systemResolve } from "./lookup.ts";
import { type Receiver, shown, urlIn } from "./receiver.ts";
import { type Health, Round, type RoundParts } from "./round.ts";
import { allowedFor, NO_NOTICES, type NoticeRules, receiverOf } from "./rules.ts";
import { type Outcome, Sender } from "./sender.ts";
import { messageOf } from "./template.ts";
import { Turns } from "./turns.ts";

/** How many attempts are under way at once to URLs of leases, in all and of one origin. Each rule has its own. */
const AT_ONCE = { all: 64, origin: 4 };

export interface NoticesParts {
  readonly mail: Mail;
  readonly views: Pick<Views, "pools" | "now" | "isOpen">;
  readonly timers: Timers;
  readonly log: NoticesLog;
  readonly trouble: (error: unknown, what: string) => void;
  readonly resolve?: Resolve;
}

/** How the notices to one receiver stand. */
export interface Standing extends Health {
  /** The rule, and of the URL what may be shown; either is empty where it is not known. */
  readonly rule: string;
  readonly origin: string;
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
  readonly #rounds = new Map<string, Round>();
  readonly #turns = new Turns(AT_ONCE.all, AT_ONCE.origin);
  readonly #resolve: Resolve;
  readonly #journal: Journal;
  readonly #stopping = new AbortController();
  #rules = NO_NOTICES;
  #sender: Sender;

  constructor(parts: NoticesParts) {
    this.#parts = parts;
    this.#journal = new Journal(parts.log, parts.trouble);
    this.#resolve = parts.resolve ?? systemResolve();
    this.#sender = new Sender(NO_NOTICES.networks, this.#resolve);
    const { views, mail, timers } = parts;
    this.#lookout = new Lookout({
      views,
      mail,
      timers,
      posted: (receivers) => this.posted(receivers),
      trouble: (...what) => this.#trouble(...what),
    });
  }

  /** From now on these rules count, also for what waits. */
  govern(rules: NoticeRules): void {
    this.#rules = rules;
    this.#sender.close();
    this.#sender = new Sender(rules.networks, this.#resolve);
    this.#parts.mail.subscribe(rules.rules.map((rule) => ({ to: receiverOf(rule), patterns: rule.patterns, kinds: rule.kinds })));
    this.#lookout.govern(rules.rules);
    for (const round of this.#rounds.values()) round.hurry();
  }

  /** There are letters for these. */
  posted(receivers: readonly string[]): void {
    if (this.#rounds.size > 2 * AT_ONCE.all) this.#tidy();
    void this.#note(receivers);
  }

  async #note(receivers: readonly string[]): Promise<void> {
    const slice = new Slice();
    for (const to of receivers) {
      const turn = slice.next();
      if (turn !== undefined) await turn;
      if (this.#stopping.signal.aborted) return;
      const round = this.#rounds.get(to) ?? new Round(to, this.#roundParts(to));
      this.#rounds.set(to, round);
      round.note();
    }
  }

  /** What is wrong with a URL that a lease shall be told of at; undefined: nothing. */
  complaintOf(text: string): string | undefined {
    const url = urlIn(text);
    if (typeof url === "string") return `${url}; give the whole https://…`;
    if (allowedFor(this.#rules, url) !== undefined) return undefined;
    const { allowed } = this.#rules;
    if (allowed.length === 0)
      return "is not allowed: this server allows none; whoever runs it adds a prefix to notify: in the file of CALL_ME_NOTICES";
    return `does not begin with what this server allows: ${allowed.map((one) => shown(one.url)).join(", ")}, and what stands behind that in its file`;
  }

  /** The names of the rules. */
  get rules(): readonly string[] {
    return this.#rules.rules.map(({ name }) => name);
  }

  /** Those of all rules, and for whom else something waits; those whom leases have named together for each origin. */
  async standings(): Promise<readonly Standing[]> {
    const counts = await this.#parts.mail.counts();
    const standings = new Map<string, Standing>();
    const slice = new Slice();
    for (const to of new Set([...this.#rules.rules.map(receiverOf), ...counts.keys()])) {
      const turn = slice.next();
      if (turn !== undefined) await turn;
      const named = this.named(to);
      const key = JSON.stringify(named);
      const { failures = 0, why = "" } = this.#rounds.get(to)?.health ?? {};
      const before = standings.get(key) ?? { waiting: 0, failures: 0, why: "" };
      const worse = failures > before.failures ? { failures, why } : { failures: before.failures, why: before.why };
      standings.set(key, { ...named, ...worse, waiting: before.waiting + (counts.get(to) ?? 0) });
    }
    return [...standings.values()];
  }

  /** Notices that were given up, in front of a number, newest first. */
  dead(limit: number, before: number): Promise<readonly DeadLetter[]> {
    return this.#parts.mail.dead(limit, before);
  }

  /** Tries a notice once more that was given up; false if there is none of that id. */
  async retry(id: string): Promise<boolean> {
    const to = await this.#parts.mail.revive(id);
    if (to === undefined) return false;
    this.posted([to]);
    this.#rounds.get(to)?.hurry();
    return true;
  }

  /** Tells the receivers of rules of a test, at once: of all rules, or the one of that name. */
  async test(principal: string, only?: string): Promise<readonly Tested[]> {
    const rules = this.#rules.rules.filter(({ name }) => (only ?? name) === name);
    const at: Micros = this.#parts.views.now();
    return await Promise.all(
      rules.map(async (rule) => {
        const notice: Notice = { kind: "test", at, pool: "", environments: [], reason: "a test", principal };
        const letter = letterTo(receiverOf(rule), notice, [at]);
        const outcome = await this.#sender.send(rule, messageOf(letter, rule.template));
        return { rule: rule.name, origin: shown(rule.url), outcome };
      }),
    );
  }

  /** Rule and origin of a receiver, without what may be secret. */
  named(to: string): Pick<Standing, "rule" | "origin"> {
    const rule = this.#ruleOf(to);
    const url = rule?.url ?? URL.parse(to);
    return {
      rule: to.startsWith(RULE) ? to.slice(RULE.length) : "",
      origin: rule || !to.startsWith(RULE) ? (url ? shown(url) : "") : "",
    };
  }

  /** Nothing is sent any more; what is under way is cut, and sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#lookout.stop();
    const stopped = [...this.#rounds.values()].map((round) => round.stop());
    this.#sender.close();
    await Promise.all(stopped);
  }

  #ruleOf(to: string) {
    return this.#rules.rules.find((rule) => receiverOf(rule) === to);
  }

  #roundParts(to: string): RoundParts {
    const { mail, views, timers } = this.#parts;
    const journal = this.#journal;
    return {
      ...{ mail, timers, now: () => views.now(), attempt: (letter) => this.#attempt(letter) },
      failing: (why) => journal.failing(this.named(to), why),
      well: () => journal.well(this.named(to)),
      gaveUp: ({ id }, why) => journal.gaveUp({ ...this.named(to), id }, why),
      trouble: (error, what) => this.#trouble(error, what),
    };
  }

  async #attempt(letter: Letter): Promise<Outcome> {
    const rule = this.#ruleOf(letter.to);
    if (rule !== undefined) return await this.#send(rule, letter);
    const url = URL.parse(letter.to);
    const receiver = url === null || letter.to.startsWith(RULE) ? undefined : allowedFor(this.#rules, url);
    if (receiver === undefined)
      return { ok: false, why: "the file of CALL_ME_NOTICES has no such rule, or allows no such URL, any more", refused: false };
    const leave = await this.#turns.take(receiver.url.origin);
    return await this.#send(receiver, letter).finally(leave);
  }

  async #send(receiver: Receiver, letter: Letter): Promise<Outcome> {
    return await this.#sender.send(receiver, messageOf(letter, receiver.template));
  }

  /** Those that have nothing to do any more are forgotten. */
  #tidy(): void {
    for (const [to, round] of this.#rounds) if (round.isOver) this.#rounds.delete(to);
  }

  #trouble(error: unknown, what: string): void {
    if (!this.#stopping.signal.aborted) this.#journal.trouble(error, what);
  }
}
