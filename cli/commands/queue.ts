import { create } from "@bufbuild/protobuf";
import { ListLeasesResponseSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { type Lease, LeaseState, LeaseStateSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { allPages } from "../calls/pages.ts";
import { target } from "../calls/target.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT } from "../exit.ts";
import { clockTime, elapsed, localTime } from "../words/clock.ts";
import { basis, expected, soonExpected } from "../words/expected.ts";
import { tellMisspelt } from "../words/misspelt.ts";
import type { Output } from "../words/output.ts";
import { environmentsOf, nameOf, onBehalfOf, spoken } from "../words/phrases.ts";
import { isForLater } from "../words/reservation.ts";
import { endOf } from "../words/term.ts";

/** `call-me queue`: the line of an environment, in the order in which it will be served. */
export class QueueCommand extends ClientCommand {
  static override paths = [["queue"]];
  static override usage = Command.Usage({
    description: "Show who waits for an environment, first one first",
    details: `
      Who waits for any environment with some label waits for each that has it. With -l it is all who wait for any of those that it matches.
      A position counts everybody ahead in the longest line that the lease stands in. Who is offered it is at the head. Who is passed
      over did not claim an offer, and gets none until it shows up. A reservation for later is shown last: it is in nobody's way until then.
    `,
    examples: [
      ["Who waits for uat?", "$0 queue uat"],
      ["Who waits for any of those with a label?", "$0 queue -l tier=uat"],
      ["The leases themselves", "$0 queue uat --json"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  pool = Option.String("--pool", { description: "All environments of this pool instead" });
  selector = Option.String("-l,--selector", {
    description: "Those with these labels instead, such as tier=uat,!gpu; of --pool, or of default",
  });

  protected async perform(): Promise<number> {
    const what = target(this);
    const { locks, environments } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    // Fails where there is no such environment: that is another thing than an empty line.
    const { misspellings } = await this.persist(() => locks.check(what, call));
    tellMisspelt(this.output, misspellings);
    const filter = { ...what, states: [LeaseState.QUEUED, LeaseState.OFFERED] };
    const pages = await allPages((page) => this.persist(() => environments.listLeases({ filter, ...page }, call)));
    const leases = pages.flatMap((page) => page.leases).sort((a, b) => placeIn(a) - placeIn(b));
    if (this.json) this.output.json(ListLeasesResponseSchema, create(ListLeasesResponseSchema, { leases }));
    else if (leases.length === 0) this.output.word(`nobody waits for ${this.environment ?? this.selector ?? `pool ${this.pool}`}`);
    else show(this.output, leases);
    return EXIT.done;
  }
}

/** An offered lease has position 0, and is the first; a reservation for later has, too, and is the last. */
function placeIn(lease: Lease): number {
  return isForLater(lease) && lease.notBefore !== undefined ? localTime(lease.notBefore) : lease.position;
}

/** From when to when it is wanted; of an offer until when it stands. */
function wantedFor(lease: Lease): string {
  const { state, notBefore, claimBy, latestEnd } = lease;
  if (state === LeaseState.OFFERED) return endOf({ state, until: claimBy });
  const from = isForLater(lease) && notBefore !== undefined ? `reserved from ${clockTime(notBefore)}` : "";
  return [from, latestEnd === undefined ? "" : `until ${clockTime(latestEnd)}`].filter(Boolean).join(" ");
}

/** Priorities are told only where somebody has one, and so are the guesses of when it is whose turn. */
function show(output: Output, leases: readonly Lease[]): void {
  const ranked = leases.some(({ priority }) => priority !== 0);
  const guessed = leases.some(({ estimatedStart }) => estimatedStart !== undefined);
  const rows = leases.map((lease) => {
    const { id, state, holder, principal, reason, passedOver, position, createdAt, priority } = lease;
    const waits = passedOver ? "passed over" : isForLater(lease) ? "later" : `${position}`;
    const place = state === LeaseState.QUEUED ? waits : spoken(LeaseStateSchema, state);
    const waited = createdAt === undefined ? "" : elapsed(createdAt);
    const turn = soonExpected(lease).replace(/^turn /, "");
    const cells = [place, waited, ...(guessed ? [turn] : []), ...(ranked ? [`${priority}`] : []), nameOf(lease, principal)];
    const wanted = lease.needs.length === 0 ? "" : `wants ${environmentsOf(lease)}`;
    const guess = lease.estimatedStart === undefined ? "" : `${expected(lease)}, ${basis(lease.estimatedStart)}`;
    return {
      cells,
      details: [onBehalfOf(lease), wanted, reason, guess, holder?.runUrl ?? "", wantedFor(lease), `lease ${id}`].filter(Boolean),
    };
  });
  output.table({ heading: ["POSITION", "WAITS", ...(guessed ? ["TURN"] : []), ...(ranked ? ["PRIORITY"] : []), "WHO"], rows });
}
