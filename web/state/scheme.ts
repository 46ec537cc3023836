// Light or dark: as the system has it, unless somebody wants it otherwise here.
import { signal } from "@preact/signals";

const KEPT = "call-me scheme";
const SCHEMES = ["", "light", "dark"];

/** "light", "dark", or "" for the system's. */
export const scheme = signal(localStorage.getItem(KEPT) ?? "");

/** Goes on to the next one. */
export function turnScheme(): void {
  scheme.value = SCHEMES[(SCHEMES.indexOf(scheme.value) + 1) % SCHEMES.length] ?? "";
  localStorage.setItem(KEPT, scheme.value);
  show();
}

function show(): void {
  document.documentElement.dataset["scheme"] = scheme.value;
}

show();
