import type { Identity } from "../../access/identity.ts";
import type { Ended, Observed } from "../../engine/observer.ts";
import { originOf } from "../observing.ts";
import type { Exchange } from "./exchange.ts";

/** What is asked of a route. */
interface Route<By extends Identity | undefined> {
  /** Its verb and path. */
  readonly name: string;
  /** Who asks; undefined where nobody is asked who he is. Throws where that is nobody. */
  admit(): By;
  answer(by: By): void | Promise<void>;
  /** Answers what was thrown, or throws it on. */
  refuse(error: unknown): void;
}

/** As proxies call it in their logs: nobody was there any more to be answered. */
const GONE = "499";

/** Answers a request that is no call of a method, and tells observers of it by the status of the answer. */
export async function routed<By extends Identity | undefined>(
  observed: Observed,
  exchange: Exchange,
  { name, admit, answer, refuse }: Route<By>,
): Promise<void> {
  const begins = (by?: Identity) =>
    observed.called({ system: "http", method: name, by, origin: by?.origin ?? originOf(observed, (field) => exchange.header(field)) });
  let ended: Ended | undefined;
  try {
    const by = admit();
    ended = begins(by);
    await answer(by);
  } catch (error) {
    refuse(error);
  } finally {
    (ended ?? begins())(statusOf(exchange));
  }
}

function statusOf({ res, closed }: Exchange): string {
  if (res.headersSent) return `${res.statusCode}`;
  return closed ? GONE : "500";
}
