import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime, elapsed } from "./clock.ts";
import { expected, soonExpected } from "./expected.ts";
import { hold, isOffered, nameOf, occupiedBy } from "./phrases.ts";
import { isForLater } from "./reservation.ts";
import { briefEnd, term } from "./term.ts";
import { shorten, widthOf } from "./width.ts";

/** Where a lease stands in line, when it may be its turn, who is next if it is somebody else, and who has what it waits for. */
export function standing(lease: Lease): string {
  return [place(lease), expected(lease), ahead(lease), occupiedBy(lease.holders)].filter(Boolean).join(", ");
}

function place(lease: Lease): string {
  const { state, passedOver, position, queueLength, notBefore } = lease;
  if (isForLater(lease) && notBefore !== undefined) return `reserved, in line from ${clockTime(notBefore)}`;
  if (state === LeaseState.OFFERED) return "offered";
  return passedOver ? `passed over, ${queueLength} in line` : `position ${position} of ${queueLength}`;
}

function ahead({ ahead: [next] }: Lease): string {
  return next === undefined ? "" : `next is ${nameOf(next, `lease ${next.leaseId}`)}`;
}

/**
 * The same on one line of so many columns. What is wanted least is left out first, and then the name is cut, so that place and end are always
 * there.
 */
export function glance(lease: Lease, width: number): string {
  const [first, ...others] = lease.holders;
  if (first === undefined) return shorten([place(lease), soonExpected(lease), ahead(lease)].filter(Boolean).join(", "), width);
  const name = nameOf(first, `lease ${first.leaseId}`);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const holder = `${hold(first)} `;
  const end = briefEnd(first);
  const lasted = isOffered(first) || first.since === undefined ? " " : ` for ${elapsed(first.since)}, `;
  const [stands, turn] = [place(lease), soonExpected(lease)];
  const long = `${holder}${name}${more}${term(first)}`;
  const brief = `${holder}${name}${more}${lasted}${end}`;
  const [next, url] = [ahead(lease), first.holder?.runUrl];
  const choices = [[long, next, url], [long, url], [brief, next, url], [brief, url], [long, next], [long], [brief, next], [brief]];
  const heads = turn === "" ? [[stands]] : [[stands, turn], [stands]];
  const texts = heads.flatMap((head) => choices.map((parts) => [...head, ...parts].filter(Boolean).join(", ")));
  const fitting = texts.find((text) => widthOf(text) <= width);
  if (fitting !== undefined) return fitting;
  const begin = `${stands.replace("position ", "")}, ${holder}`;
  const room = width - widthOf(`${begin}${more} ${end}`);
  return shorten(`${begin}${shorten(name, Math.max(8, room))}${more} ${end}`, width);
}
