// Whose name stands on what is reserved here.
import { signal } from "@preact/signals";
import { type Holder, HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { caller } from "./session.ts";

const KEPT = "call-me name";

/** The name that was typed in on this machine; kept there. */
const person = signal(localStorage.getItem(KEPT) ?? "");

/** Keeps it. */
export function keepPerson(name: string): void {
  person.value = name;
  localStorage.setItem(KEPT, name);
}

/** The name to show others: as typed in, else what the server calls us. */
export function personName(): string {
  return person.value || caller.value?.label || "";
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

/** Whether it is ours, and bears our name: many people and pipelines may have the same key, or none. */
export function isMine(asked: Asked): boolean {
  return isOurs(asked) && asked.holder?.name === personName();
}
