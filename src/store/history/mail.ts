/** The letters as those see them who deliver them, wherever they are kept. */
import type { Letters } from "./letters.ts";

/** What is asked of letters from outside. */
export const MAILING = [
  ...(["counts", "figures", "putOnce", "marked", "forget"] as const),
  ...(["waiting", "done", "bury", "dead", "revive", "drop"] as const),
] satisfies readonly (keyof Letters)[];
export type Mailing = Pick<Letters, (typeof MAILING)[number]>;

/** The same by promises, which reject with a StoreFailure. */
export type Mail = {
  readonly [Operation in keyof Mailing]: (...parameters: Parameters<Mailing[Operation]>) => Promise<ReturnType<Mailing[Operation]>>;
};

/** One operation on the letters. */
type Call = <O extends keyof Mailing>(operation: O, ...parameters: Parameters<Mailing[O]>) => Promise<ReturnType<Mailing[O]>>;

/** The mail whose operations are done by this. */
export function mailBy(call: Call): Mail {
  const operations = MAILING.map((operation) => [
    operation,
    (...parameters: Parameters<Mailing[typeof operation]>) => call(operation, ...parameters),
  ]);
  return Object.fromEntries(operations) as Mail;
}
