import { Code, ConnectError } from "@connectrpc/connect";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type EnvironmentStatus, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Question } from "../parts/ask.tsx";
import { type Chosen, chosenIn, Term, Text, textIn } from "../parts/fields.tsx";
import { isLost, locks } from "../state/calls.ts";
import { now, serverTime } from "../state/clock.ts";
import { asHolder, isMine, keepPerson, personName } from "../state/person.ts";
import { statusOf } from "../state/rows.ts";
import { may } from "../state/session.ts";
import { outlook } from "../words/outlook.ts";
import { verdict } from "../words/state.ts";
import { clockTime, DAY, maybe, spanOf, spell } from "../words/time.ts";
import type { Detail } from "./detail.ts";
import { turnOf } from "./turn.ts";

/** What is asked for by its length waits for its turn so long, in ms. */
const PATIENCE = 7 * DAY;

/** Takes an environment for a person: in line like everybody, if the key may reserve; else now or not at all. */
export function reserveOf(status: EnvironmentStatus, detail: () => Detail | undefined): Question {
  const { name, pool } = status;
  const waits = may(Role.RESERVE, pool, name);
  const present = () => statusOf(name) ?? status;
  const isFree = () => verdict(present()) === "free";
  const place = () => detail()?.waiting.find(isMine)?.position;
  // Sent again after a lost answer, it gives the same lease: so all of it is the same. There is no randomUUID where the page came in clear text.
  const requestId = crypto.getRandomValues(new Uint32Array(4)).join();
  let begun: { readonly from: number; readonly free: boolean } | undefined;
  const question: Question = {
    title: `${waits ? "Reserve" : "Take"} ${name}`,
    says: () => (
      <>
        <p>{outlook(present(), { waits })}</p>
        {place() === undefined ? null : <p>{`You already wait at place ${place()}: this comes in addition.`}</p>}
      </>
    ),
    fields: (
      <>
        <Term title="For" says={(chosen) => foretold(chosen, present(), detail(), waits && !isFree())} />
        <Text name="holder" title="Your name, for the others" value={personName()} required />
        <Text name="reason" title="What for" />
      </>
    ),
    does: waits ? "Reserve" : "Take it",
    act: async (given) => {
      keepPerson(textIn(given, "holder"));
      begun ??= { from: serverTime(), free: isFree() };
      const { from, free } = begun;
      const { length, until = from + (length ?? 0) } = chosenIn(given);
      const fromTurn = waits && !free && length !== undefined;
      const span = spanOf(Math.round((until - from) / 1_000) * 1_000);
      const end = { autoClaim: true, notAfter: spanOf(fromTurn ? from + PATIENCE : until) };
      // A length counts from now where it is free: if it is not any more, it is asked again.
      const ifBusy = !waits || (free && length !== undefined) ? IfBusy.FAIL : IfBusy.QUEUE;
      const terms = waits && !fromTurn ? end : { ...(waits ? end : { ttl: span }), maxHold: span };
      const asked = { environment: name, pool, requestId, holder: asHolder(), reason: textIn(given, "reason"), ifBusy };
      const answer = await locks.acquire({ ...asked, ...terms }).catch((error: unknown) => {
        const { code } = ConnectError.from(error);
        // Not the same as before: but what was sent then has arrived.
        if (code === Code.AlreadyExists) return undefined;
        if (!isLost(error)) begun = undefined;
        if (waits && ifBusy === IfBusy.FAIL && code === Code.Aborted) return question;
        throw error;
      });
      if (answer === undefined) return `What you asked for first has arrived after all, and stands as it was then: look at ${name}.`;
      if ("act" in answer) return answer;
      const { lease } = answer;
      const at = clockTime(maybe(lease?.latestEnd ?? lease?.expiresAt) ?? until, serverTime());
      if (lease?.state === LeaseState.HELD) return `${name} is yours until ${at}.`;
      if (lease?.state === LeaseState.ENDED) return `${name} can not be had: ${lease.endNote}`;
      const how = fromTurn ? `for ${spell(maybe(lease?.maxHold) ?? length)}` : `until ${at}`;
      return `You are in line for ${name}, at place ${lease?.position}: it is yours by itself when your turn comes, ${how}.`;
    },
  };
  return question;
}

/** What comes of what was chosen: from when on it counts, and what it is cut to. */
function foretold({ length, until = 0 }: Chosen, status: EnvironmentStatus, detail: Detail | undefined, queues: boolean): string {
  const turn = queues ? turnOf(status, detail, now.value) : undefined;
  const about = turn && `is expected about ${clockTime(turn, now.value)}`;
  const most = maybe(detail?.environment.maxHold) ?? Infinity;
  const parts = [];
  if (queues && length !== undefined) parts.push(`${spell(length)} from your turn on${about ? `, which ${about}` : ""}.`);
  if (about && length === undefined && until <= turn) parts.push(`Your turn ${about}: this would be over before.`);
  if ((length ?? until - (turn ?? now.value)) > most) parts.push(`Nobody has it for longer than ${spell(most)}: it is yours for that.`);
  return parts.join(" ");
}
