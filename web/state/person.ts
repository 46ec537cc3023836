// Whose name stands on what is reserved here.
import { PrincipalKind } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Holder, HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { kept } from "./kept.ts";
import { caller } from "./session.ts";

/** The name that was typed in on this machine; kept there until its owner signs out. */
const typed = kept("localStorage", "call-me name");

/** Keeps it; empty: forgets it. */
export function keepPerson(name: string): void {
  typed.value = name;
}

/** The name to show others: as typed in, else what the server calls us. */
export function personName(): string {
  return typed.value || caller.value?.label || "";
}

/** Us, as the holder of a lease. */
export function asHolder(): { readonly name: string; readonly kind: HolderKind } {
  return { name: personName(), kind: HolderKind.HUMAN };
}

interface Asked {
  readonly principal: string;
  readonly holder?: Holder | undefined;
}

/** Whether our key asked for it: then we may end it. */
export function isOurs({ principal }: Asked): boolean {
  return caller.value !== undefined && principal === caller.value.principal;
}

/** Keys that many people and pipelines have, or none at all. */
const SHARED: readonly (PrincipalKind | undefined)[] = [PrincipalKind.BOOTSTRAP, PrincipalKind.ANONYMOUS];

/** Whether our key alone says that something is ours. */
export function isPersonal(): boolean {
  return !SHARED.includes(caller.value?.kind);
}

/**
 * Whether it is ours: of a key of our own all that it asked for, under whatever name, but for what pipelines do with the same key; of a shared one
 * what bears our name.
 */
export function isMine(asked: Asked): boolean {
  const { name, kind } = asked.holder ?? {};
  return isOurs(asked) && (name === personName() || (isPersonal() && kind !== HolderKind.PIPELINE));
}
