// Where we are: all of it stands in the fragment of the address, `#/env/team/uat?span=7d`, so it can be sent to somebody and survives a reload.
import { signal } from "@preact/signals";

/** A view, and what is chosen in it. */
export interface Route {
  readonly view: "table" | "environment" | "attention" | "history";
  /** Of an environment: its name. */
  readonly name: string;
  readonly query: URLSearchParams;
}

/** Where we are. */
export const route = signal(read());

/** The table as it was last looked at: the way back to it. */
export const tableAddress = signal("#/");

function read(): Route {
  const [place = "", query = ""] = cut(location.hash.slice(1), "?");
  const [, first = "", ...rest] = place.split("/");
  const found = { name: "", query: new URLSearchParams(query) };
  if (first === "env" && rest.length > 0) return { ...found, view: "environment", name: rest.map(decoded).join("/") };
  return { ...found, view: first === "attention" || first === "history" ? first : "table" };
}

/** The address of an environment's view. */
export function addressOf(environment: string): string {
  return `#/env/${environment.split("/").map(encodeURIComponent).join("/")}`;
}

/** Changes what is chosen in this view: no step of its own for the browser's Back. An empty value takes one away. */
export function choose(chosen: Readonly<Record<string, string>>): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(chosen)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  const [place = ""] = cut(location.hash || "#/", "?");
  const text = query.toString();
  history.replaceState(null, "", text === "" ? place : `${place}?${text}`);
  follow();
}

function follow(): void {
  route.value = read();
  if (route.value.view === "table") tableAddress.value = location.hash || "#/";
}

/** Follows the address from now on. */
export function followAddress(): void {
  addEventListener("hashchange", follow);
  follow();
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
