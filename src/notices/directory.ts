/** Who is meant by what a letter is addressed to, by the rules of the moment. */
import { ruleOf } from "../store/history/addressee.ts";
import { type Receiver, shown, urlIn } from "./receiver.ts";
import { AMBIGUOUS, allowedFor, isAmbiguous, NO_NOTICES, type NoticeRule, type NoticeRules } from "./rules.ts";

/** What may be shown of a receiver: the rule, and of the URL scheme and host; either is empty where it is not known. */
export interface Named {
  readonly rule: string;
  readonly origin: string;
}

export class Directory {
  readonly #rules: NoticeRules;

  constructor(rules: NoticeRules = NO_NOTICES) {
    this.#rules = rules;
  }

  /** In the order of the file. */
  get rules(): readonly NoticeRule[] {
    return this.#rules.rules;
  }

  /** Where a letter goes: by its rule, or by what the rules allow leases to name; undefined: nowhere any more. */
  receiverOf(to: string): Receiver | undefined {
    const rule = ruleOf(to);
    if (rule !== undefined) return this.rules.find(({ name }) => name === rule);
    const url = URL.parse(to);
    return url === null ? undefined : allowedFor(this.#rules, url);
  }

  /** What those have in common who are told one after the other. */
  urlOf(to: string): string {
    return this.receiverOf(to)?.url.href ?? to;
  }

  named(to: string): Named {
    const rule = ruleOf(to);
    const url = rule === undefined ? URL.parse(to) : this.receiverOf(to)?.url;
    return { rule: rule ?? "", origin: url ? shown(url) : "" };
  }

  /** What is wrong with a URL that a lease shall be told of at; undefined: nothing. */
  complaintOf(text: string): string | undefined {
    const url = urlIn(text);
    if (typeof url === "string") return `${url}; give the whole https://…`;
    if (isAmbiguous(url)) return AMBIGUOUS;
    if (allowedFor(this.#rules, url) !== undefined) return undefined;
    const { allowed } = this.#rules;
    if (allowed.length === 0)
      return "is not allowed: this server allows none; whoever runs it adds a prefix to notify: in the file of CALL_ME_NOTICES";
    return `does not begin with what this server allows: ${allowed.map((one) => shown(one.url)).join(", ")}, and what stands behind that in its file`;
  }
}
