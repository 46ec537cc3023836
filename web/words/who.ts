import type { Holder } from "../../gen/ts/callme/v1/types_pb.ts";

/** Somebody of whom the server tells: who it is for, as told, and who the server knows it to be. */
export interface Known {
  readonly holder?: Holder | undefined;
  readonly principal?: string;
  readonly principalLabel?: string;
}

/** A holder's name or, without one, who asked. */
export function nameOf(one: Known | undefined, otherwise: string): string {
  return one?.holder?.name || one?.principalLabel || one?.principal || otherwise;
}

/** An address to go to, if it is one of the web's: whoever asked for the lease has written it. */
export function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || !/^https?:\/\//i.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}
