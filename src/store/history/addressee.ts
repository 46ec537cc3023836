/** Whom a letter goes to: the receiver of a rule, or a URL that a lease has named. One text for both, as it is stored. */

/** What stands before a rule's name. All URLs sort before it. */
export const RULE = "rule:";

/** The receiver of a rule's letters: where they go may change. */
export function addressOf(rule: string): string {
  return `${RULE}${rule}`;
}

/** Whose receiver it is; undefined: a lease has named it. */
export function ruleOf(to: string): string | undefined {
  return to.startsWith(RULE) ? to.slice(RULE.length) : undefined;
}
