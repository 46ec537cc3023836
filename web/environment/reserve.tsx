import { Code, ConnectError } from "@connectrpc/connect";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type EnvironmentStatus, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ask } from "../parts/ask.tsx";
import { Term, Text, termIn, textIn } from "../parts/fields.tsx";
import { isLost, locks } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { asHolder, keepPerson, personName } from "../state/person.ts";
import { statusOf } from "../state/rows.ts";
import { may } from "../state/session.ts";
import { outlook } from "../words/outlook.ts";
import { clockTime, maybe, spanOf } from "../words/time.ts";

/** Takes an environment for a person: in line like everybody, if the key may reserve; else now or not at all. */
export function askReserve(status: EnvironmentStatus): void {
  const { name, pool } = status;
  const waits = may(Role.RESERVE, pool, name);
  // Sent again after a lost answer, it gives the same lease: so its end is the same. There is no randomUUID where the page came in clear text.
  const requestId = crypto.getRandomValues(new Uint32Array(4)).join();
  let from: number | undefined;
  ask({
    title: `${waits ? "Reserve" : "Take"} ${name}`,
    says: () => <p>{outlook(statusOf(name) ?? status, { waits })}</p>,
    fields: (
      <>
        <Term title="For" />
        <Text name="holder" title="Your name, for the others" value={personName()} required />
        <Text name="reason" title="What for" />
      </>
    ),
    does: waits ? "Reserve" : "Take it",
    act: async (given) => {
      keepPerson(textIn(given, "holder"));
      from ??= serverTime();
      const until = termIn(given, from) ?? from;
      const asked = { environment: name, pool, requestId, holder: asHolder(), reason: textIn(given, "reason") };
      const length = spanOf(Math.round((until - from) / 1_000) * 1_000);
      const call = locks.acquire(
        waits ? { ...asked, autoClaim: true, notAfter: spanOf(until) } : { ...asked, ifBusy: IfBusy.FAIL, ttl: length, maxHold: length },
      );
      const answer = await call.catch((error: unknown) => {
        // Not the same as before: but what was sent then has arrived.
        if (ConnectError.from(error).code === Code.AlreadyExists) return undefined;
        if (!isLost(error)) from = undefined;
        throw error;
      });
      if (answer === undefined) return `What you asked for first has arrived after all, and stands as it was then: look at ${name}.`;
      const { lease } = answer;
      const end = maybe(lease?.latestEnd ?? lease?.expiresAt) ?? until;
      if (lease?.state === LeaseState.HELD) return `${name} is yours until ${clockTime(end, serverTime())}.`;
      if (lease?.state === LeaseState.ENDED) return `${name} can not be had: ${lease.endNote}`;
      return `You are in line for ${name}, at place ${lease?.position}: it is yours by itself when your turn comes, until ${clockTime(end, serverTime())}.`;
    },
  });
}
