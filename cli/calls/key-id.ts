import { reasonOf } from "../../clients/ts/src/errors.ts";
import type { Key } from "../../gen/ts/callme/v1/access_service_pb.ts";
import type { Access } from "../client.ts";
import { EXIT, Failure } from "../exit.ts";
import { nearest } from "../help/suggestion.ts";
import { named } from "../words/keys.ts";
import { allPages } from "./pages.ts";

/** The id in what somebody typed: a key's id, or its principal `key:ID`. */
export function idIn(text: string): string {
  return text.trim().replace(/^key:/, "");
}

/** All keys, also those that were revoked. `call` sends one question. */
export async function allKeys(access: Access, call: <T>(ask: () => Promise<T>) => Promise<T>): Promise<Key[]> {
  const pages = await allPages((page) => call(() => access.listKeys(page)));
  return pages.flatMap(({ keys }) => keys);
}

/** The error of a call about a key: where there is none of this id, with those that are labelled like it. */
export async function explainUnknown(access: Access, typed: string, error: unknown): Promise<unknown> {
  if (reasonOf(error) !== "KEY_NOT_FOUND") return error;
  const keys = (await allKeys(access, (ask) => ask()).catch(() => [])).filter(({ revokedAt }) => revokedAt === undefined);
  const label = nearest(typed.toLowerCase(), [...new Set(keys.map((key) => key.label.toLowerCase()))]);
  const id = nearest(
    idIn(typed),
    keys.map((key) => key.id),
  );
  const near = keys.filter((key) => key.id === id || key.label.toLowerCase() === label);
  const meant = near.length === 0 ? "call-me keys list shows the ids" : `did you mean ${near.map(named).join(" or ")}?`;
  return new Failure(
    EXIT.error,
    `there is no key of the id ${JSON.stringify(idIn(typed))} (labels are no names of keys: two may be the same); ${meant}`,
  );
}
