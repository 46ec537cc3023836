// Who the server knows us to be, and what that lets us do.
import { computed, effect, signal } from "@preact/signals";
import { PrincipalKind, Role, type WhoAmIResponse } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { fits } from "../words/pattern.ts";
import { access, isUnauthenticated, keepKey, key, mayPass, person, turn, wordsOf } from "./calls.ts";
import { comeBack, hasNewer } from "./people.ts";
import { backoff, later } from "./seen.ts";

/** How we stand with the server: it has yet to say so, or one of these. */
export interface Session {
  /** Who we are. */
  readonly caller?: WhoAmIResponse;
  /** It wants a key that it takes: why it did not take the one that it got. */
  readonly refused?: string;
  /** It could not be asked, and why; it is asked again and again. */
  readonly unreachable?: string;
}

export const session = signal<Session>({});

/** Who we are; undefined while the server has not said so. */
export const caller = computed(() => session.value.caller);

/** Begins with the key of this tab, or with the token that somebody comes back with who was sent away to sign in. */
export async function begin(): Promise<void> {
  let attempt = 0;
  effect(() => {
    if (session.value.unreachable === undefined) attempt = 0;
    else return later(backoff(attempt++), () => void meet());
  });
  try {
    await comeBack();
    await meet();
  } catch (error) {
    session.value = { refused: (error as Error).message };
  }
}

/** Somebody signs in. */
export function signIn(typed: string): void {
  keepKey(typed);
  void meet();
}

/** Forgets the key. */
export function signOut(): void {
  keepKey("");
  session.value = { refused: "" };
}

let meeting: { readonly of: number; readonly over: Promise<void> } | undefined;

/**
 * Asks the server who we are: at first, when a key of ours was not taken, and whenever that may have changed. What it says afterwards stands in
 * `session`. Many may ask for it at once.
 */
export function meet(): Promise<void> {
  if (meeting?.of === turn) return meeting.over;
  const mine = { of: turn, over: ask(turn).finally(() => end(mine)) };
  meeting = mine;
  return mine.over;
}

function end(one: typeof meeting): void {
  if (meeting === one) meeting = undefined;
}

async function ask(began: number): Promise<void> {
  const used = key.peek();
  try {
    const caller = await access.whoAmI({});
    if (began === turn) session.value = { caller };
  } catch (error) {
    if (isUnauthenticated(error) && (await hasNewer(used, error)) && began === turn) return ask(began);
    if (began !== turn) return;
    // Whom it knew before it still knows, for all that we know.
    if (mayPass(error)) session.value = caller.peek() ? session.peek() : { unreachable: wordsOf(error) };
    else {
      // No other token of the same person is taken.
      person.value = "";
      session.value = { refused: used === "" ? "" : wordsOf(error) };
    }
  }
}

/** Whether everybody is the same to this server: it asks for no key. */
export const isOpen = computed(() => caller.value?.kind === PrincipalKind.ANONYMOUS);

/** Whether everything is ours to know: to ask for what is not would be on record as a refusal. */
export const isAdmin = computed(
  () => caller.value?.grants.some(({ role, patterns }) => role === Role.ADMIN && patterns.includes("*")) ?? false,
);

/** What each role contains. */
const CONTAINED: Readonly<Record<number, readonly Role[]>> = {
  [Role.USE]: [Role.USE, Role.RESERVE, Role.ADMIN],
  [Role.RESERVE]: [Role.RESERVE, Role.ADMIN],
  [Role.OPERATE]: [Role.OPERATE, Role.ADMIN],
};

/** Whether a grant of ours gives this role on an environment. It decides what is offered; what is allowed decides the server. */
export function may(role: Role, pool: string, environment: string): boolean {
  const grants = caller.value?.grants ?? [];
  return grants.some((grant) => CONTAINED[role]?.includes(grant.role) && grant.patterns.some((one) => fits(one, pool, environment)));
}
