import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Field, List } from "../parts/list.tsx";
import { At, Since, Until } from "../parts/times.tsx";
import { Who } from "../parts/who.tsx";
import { isOurs } from "../state/person.ts";
import { may } from "../state/session.ts";
import { askExtend, askForce, askRelease } from "./acts.tsx";

interface Listed {
  readonly leases: readonly Lease[];
  readonly environment: string;
}

type LeaseField = Field<Lease>;

const WHO: LeaseField = {
  title: "Who",
  cell: (lease) => (
    <>
      {lease.state === LeaseState.OFFERED ? "offered to " : lease.cleaning ? "cleaned by " : ""}
      <Who one={lease} />
      {lease.passedOver ? <span class="asked">did not claim its turn</span> : null}
      {lease.cancelRequested === undefined ? null : (
        <span class="asked">
          asked to stop by <At at={lease.cancelRequested.deadline} />
        </span>
      )}
    </>
  ),
};
const REASON: LeaseField = { title: "Reason", class: "words", cell: ({ reason }) => reason };

function acting(environment: string): LeaseField {
  return { title: "Actions", class: "acts", cell: (lease) => <Acts lease={lease} environment={environment} /> };
}

const idOf = ({ id }: Lease) => id;

/** Who has it, with the slots. */
export function Holding({ leases, environment }: Listed) {
  if (leases.length === 0) return <p class="quiet">Nobody has it.</p>;
  const slots = ({ environments }: Lease) => environments.find(({ name }) => name === environment)?.slotIndexes.join(", ");
  const fields: LeaseField[] = [
    WHO,
    { title: "Since", cell: ({ grantedAt }) => <Since at={grantedAt} /> },
    { title: "Renewed until", cell: ({ expiresAt, claimBy }) => <Until at={expiresAt ?? claimBy} /> },
    { title: "Latest end", cell: ({ latestEnd }) => (latestEnd === undefined ? "no limit" : <At at={latestEnd} />) },
    { title: "Slots", cell: slots },
    REASON,
    acting(environment),
  ];
  return <List of={leases} fields={fields} id={idOf} />;
}

/** Who waits, in the order in which they are served. */
export function Waiting({ leases, environment }: Listed) {
  if (leases.length === 0) return <p class="quiet">Nobody waits.</p>;
  const fields: LeaseField[] = [
    { title: "Place", cell: ({ position }) => position || "" },
    WHO,
    { title: "Waits", cell: ({ createdAt }) => <Since at={createdAt} /> },
    { title: "Turn expected", cell: (lease) => <Expected lease={lease} /> },
    { title: "Priority", cell: ({ priority }) => priority || "" },
    REASON,
    acting(environment),
  ];
  return <List of={leases} fields={fields} id={idOf} />;
}

/** Who has reserved it for later. */
export function Reserved({ leases, environment }: Listed) {
  const fields: LeaseField[] = [
    { title: "From", cell: ({ notBefore }) => <At at={notBefore} /> },
    { title: "Until", cell: ({ notAfter }) => <At at={notAfter} /> },
    WHO,
    REASON,
    acting(environment),
  ];
  return <List of={leases} fields={fields} id={idOf} />;
}

/** When its turn is expected, by how long others have held what it waits for. */
function Expected({ lease: { estimatedStart: estimate } }: { readonly lease: Lease }) {
  if (estimate?.p50 === undefined) return <span class="quiet">not known yet</span>;
  return (
    <span title={`By the last ${estimate.samples} holds. Nine of ten such waits end by the second time.`}>
      about <At at={estimate.p50} />
      {estimate.p90 === undefined ? null : (
        <span class="quiet">
          , 9 in 10 by <At at={estimate.p90} />
        </span>
      )}
    </span>
  );
}

/** What its role lets the caller do with a lease. */
function Acts({ lease, environment }: { readonly lease: Lease; readonly environment: string }) {
  const ours = isOurs(lease) && may(Role.USE, lease.pool, environment);
  const held = lease.state === LeaseState.HELD;
  return (
    <>
      {ours && held ? (
        <button type="button" onClick={() => askExtend(lease)}>
          Extend…
        </button>
      ) : null}
      {ours ? (
        <button type="button" onClick={() => askRelease(lease)}>
          {lease.state === LeaseState.QUEUED ? "Withdraw…" : "Release…"}
        </button>
      ) : null}
      {may(Role.OPERATE, lease.pool, environment) ? (
        <button type="button" class="danger" onClick={() => askForce(lease)}>
          Force-release…
        </button>
      ) : null}
    </>
  );
}
