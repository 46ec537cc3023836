/** A lease as somebody else's caller is told of it: without what that caller does not see. */
import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { LeaseSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Identity } from "../../access/identity.ts";
import { isSelecting, namesOf } from "../../core/model/needs.ts";
import type { LeaseView } from "../../engine/views.ts";
import { hiding, seesLease } from "../sight.ts";
import { leaseMessage, type Present } from "./convert.ts";

/** Whether there is anything to leave out. */
export function isPartlyHidden(caller: Identity, { lease }: LeaseView): boolean {
  const names = hiding(caller, lease);
  if (names === undefined) return false;
  return (isSelecting(lease) && lease.state === "QUEUED") || !namesOf(lease).every((name) => names.has(name));
}

/** A lease for who does not hold it. */
export function shownLease(caller: Identity, view: LeaseView, present: Present): MessageInitShape<typeof LeaseSchema> {
  const message = leaseMessage(view.lease, view.pool, present);
  return isPartlyHidden(caller, view) ? withoutHidden(caller, view, create(LeaseSchema, message)) : message;
}

function withoutHidden(caller: Identity, { lease, pool }: LeaseView, message: MessageShape<typeof LeaseSchema>) {
  const names = hiding(caller, lease);
  const isSeen = (name: string) => names?.has(name) ?? true;
  const isTold = ({ leaseId }: { readonly leaseId: string }) => {
    const other = pool.leases.get(leaseId);
    return other !== undefined && seesLease(caller, other, pool);
  };
  message.environments = message.environments.filter(({ name }) => isSeen(name));
  message.needs = message.needs.filter(({ environment }) => environment === "" || isSeen(environment));
  message.ahead = message.ahead.filter(isTold);
  message.holders = message.holders.filter(isTold);
  if (message.nextReservation !== undefined && !isTold(message.nextReservation)) delete message.nextReservation;
  // It names what cannot be had.
  if (lease.endReason === "UNSATISFIABLE") message.endNote = "";
  return message;
}
