// Who the server knows us to be, and what that lets us do.
import { computed, signal } from "@preact/signals";
import { PrincipalKind, Role, type WhoAmIResponse } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { access, isUnauthenticated, keepKey, key, PERSON, wordsOf } from "./calls.ts";
import { comeBack, hasNewer } from "./people.ts";

/** Who we are; undefined until the server has said so. */
export const caller = signal<WhoAmIResponse | undefined>(undefined);

/** Whether the server asks for a key that it would take, and why it did not take the one that it got. */
export const refused = signal<{ readonly why: string } | undefined>(undefined);

/** Why the server could not be asked who we are. */
export const unreachable = signal("");

/** Begins with the key of this tab, or with the token that somebody comes back with who was sent away to sign in. */
export async function begin(): Promise<void> {
  try {
    await comeBack();
    await signIn();
  } catch (error) {
    refused.value = { why: (error as Error).message };
  }
}

/** Asks the server who we are. */
export async function signIn(): Promise<void> {
  try {
    caller.value = await access.whoAmI({});
    refused.value = undefined;
    unreachable.value = "";
  } catch (error) {
    if (isUnauthenticated(error)) await refuse(error);
    else unreachable.value = wordsOf(error);
  }
}

/** The server does not take our key, or not any more: the one that was used. */
export async function refuse(error: unknown, used = key.peek()): Promise<void> {
  if (await hasNewer(used)) return signIn();
  // No other token of the same person is taken.
  sessionStorage.removeItem(PERSON);
  caller.value = undefined;
  refused.value = { why: key.value === "" ? "" : wordsOf(error) };
}

/** Forgets the key. */
export function signOut(): void {
  keepKey("");
  caller.value = undefined;
  refused.value = { why: "" };
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
  return grants.some((grant) => CONTAINED[role]?.includes(grant.role) && grant.patterns.some((one) => matches(one, pool, environment)));
}

function matches(pattern: string, pool: string, environment: string): boolean {
  if (pattern === "*") return true;
  const colon = pattern.indexOf(":");
  const [ofPool, ofName] = colon < 0 ? ["*", pattern] : [pattern.slice(0, colon), pattern.slice(colon + 1)];
  const fits = (glob: string, text: string) => glob === "*" || globbed(glob).test(text);
  return (colon < 0 || fits(ofPool, pool)) && (colon >= 0 && ofName === "*" ? true : globbed(ofName).test(environment));
}

function globbed(glob: string): RegExp {
  const source = glob
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${source}$`);
}
