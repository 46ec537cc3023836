import type { FleetDocument } from "./document.ts";
import { type Fleet, placeIn, written } from "./environments.ts";

/** What a server says is wrong with a fleet. */
export interface Fault {
  /** As the server names it: `environments[3].labels`; empty if it is about none. */
  readonly field: string;
  /** The environment that it is about, where it names one. */
  readonly environment: string | undefined;
  readonly message: string;
}

/** The fault with the line of the file where it is, and with the field as the file spells it. */
export function placed(document: FleetDocument, fleet: Fleet, { field, environment, message }: Fault): string {
  if (!/^(?:environments|pools)\b/.test(field)) return `${document.file}: ${message}`;
  const path = placeIn(fleet, field, environment);
  const said = message.startsWith(`${field}: `) ? written(document.spelled(path)) + message.slice(field.length) : message;
  return `${document.place(path)}: ${said}`;
}
