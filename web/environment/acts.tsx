// What can be done with a lease: asked first, with what will happen to whom.
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ask } from "../parts/ask.tsx";
import { Term, Text, termIn, textIn } from "../parts/fields.tsx";
import { environments, locks } from "../state/calls.ts";
import { now, serverTime } from "../state/clock.ts";
import { isMine } from "../state/person.ts";
import { clockTime, maybe, spanOf } from "../words/time.ts";
import { nameOf } from "../words/who.ts";

const namesOf = ({ environments: all, pool }: Lease) => all.map(({ name }) => name).join(", ") || `the pool ${pool}`;
const whoseOf = (lease: Lease) => nameOf(lease, "somebody unnamed");

/** Gives back, or withdraws from the line. */
export function askRelease(lease: Lease): void {
  const waits = lease.state === LeaseState.QUEUED;
  const [names, whose] = [namesOf(lease), whoseOf(lease)];
  const others = isMine(lease) ? "" : ` It was asked for with the same key as yours, as “${whose}”: whoever that is loses it.`;
  ask({
    title: waits ? `Withdraw from the line for ${names}` : `Release ${names}`,
    says: (
      <p>
        {waits
          ? `The place of ${whose} in line is given up, and cannot be had back.`
          : `${whose} has it no longer, and the next in line has it at once.`}
        {others}
      </p>
    ),
    does: waits ? "Withdraw" : "Release",
    destructive: !isMine(lease),
    act: async () => {
      const { alreadyEnded } = await locks.release({ leaseId: lease.id });
      return alreadyEnded ? "It had ended before." : waits ? `Withdrawn from the line for ${names}.` : `Released ${names}.`;
    },
  });
}

/** Ends somebody else's lease, on the record. */
export function askForce(lease: Lease): void {
  const [names, whose] = [namesOf(lease), whoseOf(lease)];
  const held = lease.state === LeaseState.HELD;
  ask({
    title: `Force-release ${names}`,
    says: (
      <>
        <p>
          Lease <code>{lease.id}</code> of <b>{whose}</b> ends now.{" "}
          {held
            ? "Its work may still be running there: whoever does it learns of this only at its next renewal. The slots rest for the environment's lock_delay, then the next in line is served."
            : "It loses its place in line."}
        </p>
        <p>It goes on the record, with your key and the reason, which {whose} will see.</p>
      </>
    ),
    fields: <Text name="reason" title="Reason" required />,
    does: `Force-release ${whose}`,
    destructive: true,
    act: async (given) => {
      const { alreadyEnded } = await environments.forceRelease({ leaseId: lease.id, reason: textIn(given, "reason") });
      return alreadyEnded ? "It had ended before." : `Force-released ${names}; ${whose} had it.`;
    },
  });
}

/** Moves the end of a lease. */
export function askExtend(lease: Lease): void {
  const names = namesOf(lease);
  const end = maybe(lease.notAfter ?? lease.expiresAt) ?? serverTime();
  ask({
    title: `Extend ${names}`,
    says: (
      <p>
        It ends at {clockTime(end, now.value)} now. {lease.queueLength > 0 ? "Those who wait will wait longer." : ""}
      </p>
    ),
    fields: <Term title="Longer by" />,
    does: "Extend",
    act: async (given) => {
      const until = termIn(given, end) ?? end;
      const { lease: after } = await locks.renew({
        leaseId: lease.id,
        ...(lease.notAfter === undefined ? { ttl: spanOf(until - serverTime()) } : { notAfter: spanOf(until) }),
      });
      const reached = maybe(after?.latestEnd ?? after?.expiresAt) ?? until;
      const less = reached < until - 1_000 ? ", as the environment's max_hold allows no more" : "";
      return `${names} is held until ${clockTime(Math.min(reached, until), serverTime())} at the latest${less}.`;
    },
  });
}
