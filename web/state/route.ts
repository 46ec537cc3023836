// Where we are: all of it stands in the fragment of the address, `#/env/team/uat?span=7d`, so it can be sent to somebody and survives a reload.
import { signal } from "@preact/signals";

/** A view, and what is chosen in it. */
export interface Route {
  readonly view: "table" | "environment" | "attention" | "history";
  /** Of an environment: its name. */
  readonly name: string;
  readonly query: URLSearchParams;
}

/** What the address is, or will be in a moment. */
let address = location.hash;

/** Where we are. */
export const route = signal(read());

/** The table as it was last looked at: the way back to it. */
export const tableAddress = signal("#/");

/** How far it was scrolled when it was left, and as what. */
let left = { address: "", top: 0 };

/** How far this view is to be scrolled when it is come to: the table as it was left, all else to its beginning. */
export function beginning(): number {
  return left.address === address ? left.top : 0;
}

function read(): Route {
  const [place = "", query = ""] = cut(address.slice(1), "?");
  const [, first = "", ...rest] = place.split("/");
  const found = { name: "", query: new URLSearchParams(query) };
  if (first === "env" && rest.length > 0) return { ...found, view: "environment", name: rest.map(decoded).join("/") };
  return { ...found, view: first === "attention" || first === "history" ? first : "table" };
}

/** The address of an environment's view. */
export function addressOf(environment: string): string {
  return `#/env/${environment.split("/").map(encodeURIComponent).join("/")}`;
}

/** Browsers take an address as often as that, and no oftener, in ms. */
const PAUSE = 400;

let writing: ReturnType<typeof setTimeout> | undefined;

/**
 * Changes what is chosen in this view, at once; the address has it a moment later, and the browser's Back no step of it. An empty value takes
 * one away.
 */
export function choose(chosen: Readonly<Record<string, string | readonly string[]>>): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, values] of Object.entries(chosen)) {
    query.delete(name);
    for (const value of [values].flat()) if (value !== "") query.append(name, value);
  }
  const [place] = cut(address || "#/", "?");
  go(`${place}${query.size === 0 ? "" : "?"}${query}`);
  clearTimeout(writing);
  writing = setTimeout(write, PAUSE);
}

function write(): void {
  if (writing === undefined) return;
  clearTimeout(writing);
  writing = undefined;
  history.replaceState(null, "", address);
}

function go(to: string): void {
  address = to;
  route.value = read();
  if (route.value.view === "table") tableAddress.value = address || "#/";
}

/** Follows the address from now on. */
export function followAddress(): void {
  history.scrollRestoration = "manual";
  addEventListener("hashchange", () => {
    clearTimeout(writing);
    writing = undefined;
    if (route.value.view === "table") left = { address, top: scrollY };
    go(location.hash);
  });
  // Before a link is followed, or the page left.
  addEventListener("click", write, true);
  addEventListener("pagehide", write);
  go(location.hash);
}

function cut(text: string, at: string): string[] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

/** What somebody mistyped is shown as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
