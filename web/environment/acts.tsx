// What can be done with a lease: asked first, with what will happen to whom.
import type { Environment } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EndReason, EndReasonSchema, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Question } from "../parts/ask.tsx";
import { Term, Text, termIn, textIn } from "../parts/fields.tsx";
import { environments, locks } from "../state/calls.ts";
import { now, serverTime } from "../state/clock.ts";
import { isMine } from "../state/person.ts";
import { statusOf } from "../state/rows.ts";
import { spoken } from "../words/enums.ts";
import { outlook } from "../words/outlook.ts";
import { clockTime, maybe, spanOf } from "../words/time.ts";
import { nameOf } from "../words/who.ts";

const namesOf = ({ environments: all, pool }: Lease) => all.map(({ name }) => name).join(", ") || `the pool ${pool}`;
const whoseOf = (lease: Lease) => nameOf(lease, "somebody unnamed");

/** A lease as it is by now, where that is another state than it was asked about or, if it is about that, another end. */
async function changed(
  lease: Lease,
  { name, pool }: Environment,
  key: (one: Lease) => unknown = ({ state }) => state,
): Promise<Lease | undefined> {
  const filter = { pool, environment: name, holder: lease.holder?.name ?? "" };
  const { leases } = await environments.listLeases({ filter, pageSize: 1_000 });
  const now = leases.find(({ id }) => id === lease.id);
  return now !== undefined && key(now) !== key(lease) ? now : undefined;
}

function Outlook({ lease, force, of }: { readonly lease: Lease; readonly force: boolean; readonly of: Environment }) {
  const status = statusOf(of.name);
  return status === undefined ? null : <p>{outlook(status, { lease, force }, of)}</p>;
}

function before(lease: Lease | undefined): string {
  return `It had ended before: ${spoken(EndReasonSchema, lease?.endReason ?? 0)}.`;
}

/** Gives back, or withdraws from the line. */
export function releaseOf(lease: Lease, of: Environment): Question {
  const waits = lease.state === LeaseState.QUEUED;
  const names = namesOf(lease);
  return {
    title: waits ? `Withdraw from the line for ${names}` : `Release ${names}`,
    says: () => (
      <>
        <Outlook lease={lease} force={false} of={of} />
        {isMine(lease) ? null : <p>{`It was asked for with the same key as yours, as “${whoseOf(lease)}”: whoever that is loses it.`}</p>}
      </>
    ),
    does: waits ? "Withdraw" : "Release",
    destructive: !isMine(lease),
    act: async () => {
      const other = await changed(lease, of);
      if (other !== undefined) return releaseOf(other, of);
      const { lease: after, alreadyEnded } = await locks.release({ leaseId: lease.id });
      if (alreadyEnded) return before(after);
      return after?.endReason === EndReason.WITHDRAWN ? `Withdrawn from the line for ${names}.` : `Released ${names}.`;
    },
  };
}

/** Ends somebody else's lease, on the record. */
export function forceOf(lease: Lease, of: Environment): Question {
  const [names, whose] = [namesOf(lease), whoseOf(lease)];
  const waits = lease.state === LeaseState.QUEUED;
  return {
    title: waits ? `Remove from the line for ${names}` : `Force-release ${names}`,
    says: () => (
      <>
        <p>
          Lease <code>{lease.id}</code> of <b>{whose}</b> ends now.
        </p>
        <Outlook lease={lease} force of={of} />
        <p>It goes on the record: {whose} will see your key's name and the reason.</p>
      </>
    ),
    fields: <Text name="reason" title="Reason" required />,
    does: `${waits ? "Remove" : "Force-release"} ${whose}`,
    destructive: true,
    act: async (given) => {
      const other = await changed(lease, of);
      if (other !== undefined) return forceOf(other, of);
      const { lease: after, alreadyEnded } = await environments.forceRelease({ leaseId: lease.id, reason: textIn(given, "reason") });
      if (alreadyEnded) return before(after);
      return after?.grantedAt === undefined ? `Removed ${whose} from the line for ${names}.` : `Force-released ${names}; ${whose} had it.`;
    },
  };
}

/** Moves the end of a lease that has one of its own. */
export function extensionOf(lease: Lease, of: Environment): Question {
  const names = namesOf(lease);
  const end = maybe(lease.notAfter) ?? serverTime();
  return {
    title: `Extend ${names}`,
    says: () => (
      <p>
        It ends at {clockTime(maybe(lease.latestEnd) ?? end, now.value)} now.{" "}
        {(statusOf(of.name)?.queueLength ?? 0) > 0 ? "Those who wait will wait longer." : ""}
      </p>
    ),
    fields: <Term title="Longer by" />,
    does: "Extend",
    act: async (given) => {
      const other = await changed(lease, of, ({ notAfter }) => maybe(notAfter));
      if (other !== undefined) return extensionOf(other, of);
      const until = termIn(given, end) ?? end;
      const { lease: after } = await locks.renew({ leaseId: lease.id, notAfter: spanOf(until) });
      // What a ttl has promised is kept, whatever the end.
      const reached = Math.max(maybe(after?.latestEnd) ?? until, maybe(after?.expiresAt) ?? 0);
      const less = reached < until - 1_000 ? ": the environment's max_hold allows no more" : "";
      return `${names} is held until ${clockTime(reached, serverTime())} at the latest${less}.`;
    },
  };
}
