import { reasonOf } from "../../clients/ts/src/errors.ts";
import { RenewResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { hideSecrets } from "../calls/given.ts";
import { OwningCommand, type Services } from "../calls/owning.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { localTime, serverTime } from "../words/clock.ts";
import { durationIn } from "../words/duration.ts";
import { fullTime, lengthOf, readMoment } from "../words/moment.ts";
import { environmentsOf } from "../words/phrases.ts";
import { reservedAfter, termInFull } from "../words/reservation.ts";
import { ahead } from "./reserve.ts";

/** `call-me extend`: gives a reservation, or a lease, another end. */
export class ExtendCommand extends OwningCommand {
  static override paths = [["extend"]];
  static override usage = Command.Usage({
    description: "Keep a reservation, or a lease, longer",
    details: `
      ENV means our own lease there, as \`release\` finds it; without ENV and --lease it is the one in \`CALL_ME_LEASE_ID\`. --for counts from
      its present end, --until is a time as for \`reserve\`; a reservation can be made shorter with it. What others hold is refused (exit code
      5). An environment's max_hold ends every lease: where that leaves less than was asked for, stderr says so, and the exit code is 4. Exit
      code 6: it has ended.
    `,
    examples: [
      ["Half an hour more", "$0 extend uat --for 30m"],
      ["Until six", "$0 extend uat --until 18:00"],
      ["One of several", "$0 extend --lease 01a2… --until 'tomorrow 12:00'"],
    ],
  });

  until = Option.String("--until", { description: "When it shall end: 18:00, tomorrow 12:00, 2026-12-24 14:00" });
  for = Option.String("--for", { description: "How much longer than now: 30m" });

  protected async perform(): Promise<number> {
    if ((this.for === undefined) === (this.until === undefined)) throw Failure.usage("say how long, with --until or --for");
    this.nameIt();
    const services = await this.connect();
    const { locks } = services;
    const leaseId = await this.find(services);
    const { lease } = await this.persist(() => locks.getLease({ leaseId }, this.call()));
    if (lease === undefined) throw new Failure(EXIT.error, "the server sent no lease");
    const until = this.endFor(lease);
    // What has no fixed end is renewed up to then.
    const fixed = lease.notAfter !== undefined || lease.ttl === undefined;
    const ttl = lease.ttl === undefined || lease.state !== LeaseState.HELD ? {} : { ttl: durationIn(until - Date.now()) };
    const request = { leaseId, ...ttl, ...(fixed && { notAfter: serverTime(until) }) };
    const answer = await this.persist(() => locks.renew(request, this.call())).catch((error: unknown) => {
      if (reasonOf(error) !== "LEASE_ENDED") throw error;
      throw new Failure(EXIT.lost, (error as Error).message.replace(/^\[\w+\] /, ""));
    });
    hideSecrets(answer.lease, this.output);
    if (this.json) this.output.json(RenewResponseSchema, answer);
    return answer.lease === undefined ? EXIT.error : this.tell(answer.lease, until);
  }

  private async find(services: Services): Promise<string> {
    const target = await this.findTarget(services);
    if (target !== undefined && "leaseId" in target) return target.leaseId;
    const found =
      target === undefined ? `nothing on ${this.environment} is yours` : `nobody knows whose the lease on ${this.environment} is`;
    throw new Failure(EXIT.notYours, `${found}; say which lease with --lease and its id`);
  }

  /** In ms, by this machine's clock. */
  private endFor(lease: Lease): number {
    const { state, notAfter, expiresAt, notBefore, id } = lease;
    const now = Date.now();
    const end = notAfter ?? (state === LeaseState.HELD ? expiresAt : undefined);
    if (end === undefined)
      throw new Failure(
        EXIT.error,
        `lease ${id} has no end to put off: it ${state === LeaseState.HELD ? "is held until it is released" : "waits in line"}`,
      );
    if (this.for !== undefined) return localTime(end) + lengthOf("--for", this.for);
    const base = notBefore === undefined ? now : Math.max(now, localTime(notBefore));
    return ahead("--until", this.until ?? "", readMoment("--until", this.until ?? "", base), base);
  }

  private tell(lease: Lease, until: number): number {
    const end = lease.expiresAt ?? lease.latestEnd;
    if (!this.json) this.output.data(`extended: ${environmentsOf(lease)} ${termInFull(lease)}, lease ${lease.id}`);
    for (const fact of reservedAfter(lease)) this.output.word(fact);
    // A renewal is a moment later than it was asked for.
    if (end === undefined || localTime(end) > until - 1_000) return EXIT.done;
    this.output.word(`it ends before ${fullTime(until)}, since its max_hold allows no more`);
    return EXIT.notAcquired;
  }
}
