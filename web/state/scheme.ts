// Light or dark: as the system has it, unless somebody wants it otherwise here.
import { effect } from "@preact/signals";
import { kept } from "./kept.ts";

const SCHEMES = ["", "light", "dark"];

/** "light", "dark", or "" for the system's. */
export const scheme = kept("localStorage", "call-me scheme");

/** Goes on to the next one. */
export function turnScheme(): void {
  scheme.value = SCHEMES[(SCHEMES.indexOf(scheme.value) + 1) % SCHEMES.length] ?? "";
}

effect(() => {
  document.documentElement.dataset["scheme"] = scheme.value;
});
