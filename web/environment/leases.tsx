import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import type { Environment } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { AskButton, ask } from "../parts/ask.tsx";
import { type Field, List } from "../parts/list.tsx";
import { At, Since, Until } from "../parts/times.tsx";
import { Who } from "../parts/who.tsx";
import { isMine, isOurs } from "../state/person.ts";
import { may } from "../state/session.ts";
import { maybe } from "../words/time.ts";
import { extensionOf, forceOf, releaseOf } from "./acts.tsx";

interface Listed {
  readonly leases: readonly Lease[];
  /** There are others. */
  readonly more: boolean;
  readonly environment: Environment;
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

function acting(environment: Environment): LeaseField {
  return { title: "Actions", class: "acts", cell: (lease) => <Acts lease={lease} environment={environment} /> };
}

function Leases({ leases, more, fields }: Listed & { readonly fields: readonly LeaseField[] }) {
  return (
    <>
      <List of={leases} fields={fields} id={({ id }) => id} />
      {more ? <p class="quiet">There are more.</p> : null}
    </>
  );
}

/** Who has it, with the slots. */
export function Holding(listed: Listed) {
  const { leases, environment } = listed;
  if (leases.length === 0) return <p class="quiet">Nobody has it.</p>;
  const slots = ({ environments }: Lease) => environments.find(({ name }) => name === environment.name)?.slotIndexes.join(", ");
  const fields: LeaseField[] = [
    WHO,
    { title: "Since", cell: ({ grantedAt }) => <Ago at={grantedAt} /> },
    { title: "Renewed until", cell: ({ expiresAt, claimBy }) => <Until at={expiresAt ?? claimBy} /> },
    { title: "Latest end", cell: ({ latestEnd }) => (latestEnd === undefined ? "no limit" : <At at={latestEnd} />) },
    { title: "Slot", cell: slots },
    REASON,
    acting(environment),
  ];
  return <Leases fields={fields} {...listed} />;
}

/** Who waits, in the order in which they are served. */
export function Waiting(listed: Listed) {
  const { leases, environment } = listed;
  if (leases.length === 0) return <p class="quiet">Nobody waits.</p>;
  const fields: LeaseField[] = [
    { title: "Place", cell: ({ position }) => position || "" },
    WHO,
    { title: "Since", cell: ({ createdAt }) => <Ago at={createdAt} /> },
    { title: "Turn expected", cell: (lease) => <Expected lease={lease} back={environment.stateUntil} /> },
    { title: "Priority", cell: ({ priority }) => priority || "" },
    REASON,
    acting(environment),
  ];
  return <Leases fields={fields} {...listed} />;
}

/** Who has reserved it for later. */
export function Reserved(listed: Listed) {
  const fields: LeaseField[] = [
    { title: "From", cell: ({ notBefore }) => <At at={notBefore} /> },
    { title: "Until", cell: ({ notAfter }) => <At at={notAfter} /> },
    WHO,
    REASON,
    acting(listed.environment),
  ];
  return <Leases fields={fields} {...listed} />;
}

/** Since when, and how long that is. */
function Ago({ at }: Parameters<typeof Since>[0]) {
  return (
    <>
      <At at={at} />{" "}
      <span class="quiet">
        <Since at={at} />
      </span>
    </>
  );
}

/** When its turn is expected, by how long others have held what it waits for; else when that is `back`, if it is out of service until then. */
function Expected({ lease: { estimatedStart: estimate }, back }: { readonly lease: Lease; readonly back: Environment["stateUntil"] }) {
  if (estimate?.p50 === undefined)
    return back === undefined ? (
      <span class="quiet">not known yet</span>
    ) : (
      <>
        after <At at={back} />
      </>
    );
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
function Acts({ lease, environment }: { readonly lease: Lease; readonly environment: Environment }) {
  const allowed = (role: Role) => may(role, lease.pool, environment.name);
  const ours = isOurs(lease) && allowed(Role.USE);
  // Only an end of its own is moved by a Renew, and not beyond its max_hold: what is reserved by its length ends by that.
  const end = maybe(lease.notAfter) ?? Infinity;
  const movable = lease.state === LeaseState.HELD && end <= (maybe(lease.latestEnd) ?? 0) && allowed(Role.RESERVE);
  const waits = lease.state === LeaseState.QUEUED;
  const mine = isMine(lease);
  const main = mine && !waits ? "main" : "";
  return (
    <>
      {ours && movable ? (
        <AskButton class={main} onClick={() => ask(extensionOf(lease, environment))}>
          Extend…
        </AskButton>
      ) : null}
      {ours ? (
        <AskButton class={movable ? "" : main} onClick={() => ask(releaseOf(lease, environment))}>
          {waits ? "Withdraw…" : "Release…"}
        </AskButton>
      ) : null}
      {allowed(Role.OPERATE) && !(ours && mine) ? (
        <AskButton class="danger" onClick={() => ask(forceOf(lease, environment))}>
          {waits ? "Remove from the line…" : "Force-release…"}
        </AskButton>
      ) : null}
    </>
  );
}
