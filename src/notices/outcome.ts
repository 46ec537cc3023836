/** What became of an attempt to tell somebody something. */

/**
 * Why it has not arrived. `refused`: the receiver will not have this message, however often it is sent. `cut`: it was ended from here, and
 * says nothing of the receiver.
 */
export interface Failure {
  readonly ok: false;
  readonly kind: "failed" | "refused" | "cut";
  /** In words, without anything of URL or answer. */
  readonly why: string;
  /** For how long the receiver wants to be left alone, in milliseconds. */
  readonly pause?: number;
}

export type Outcome = { readonly ok: true } | Failure;

/** An attempt that says nothing of the receiver. */
export const CUT: Failure = { ok: false, kind: "cut", why: "it was cut, as the rules have changed or the server stops" };

/** How long a receiver that is gone is left alone, and how long any is at most, since it says so, in milliseconds. */
const GONE = 3_600_000;

export function failed(why: string): Failure {
  return { ok: false, kind: "failed", why };
}

/** What the status of an answer says. 400, 413 and 422 are about the message itself; all else can be otherwise the next time. */
export function judged(status: number, retryAfter: string | undefined): Outcome {
  if (status >= 200 && status < 300) return { ok: true };
  const why = `it answered ${status}`;
  if (status >= 300 && status < 400) return failed(`${why}, and redirects are not followed: give the URL that it points to`);
  if (status === 400 || status === 413 || status === 422) return { ok: false, kind: "refused", why };
  if (status === 410) return { ...failed(`${why}: it is gone`), pause: GONE };
  const pause = pauseIn(retryAfter);
  return pause === undefined ? failed(why) : { ...failed(why), pause };
}

/** Of seconds, or a date by the clock of the receiver, which may be wrong. */
function pauseIn(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const wanted = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(wanted) ? undefined : Math.min(Math.max(0, wanted), GONE);
}
