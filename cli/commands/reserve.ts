import { isTransient, reasonOf } from "../../clients/ts/src/errors.ts";
import { type AcquireResponse, AcquireResponseSchema, IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { HolderKind, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { hideSecrets } from "../calls/given.ts";
import { handOn } from "../calls/handing-on.ts";
import { explainBusy, explainMiss } from "../calls/obstacle.ts";
import { type AcquireOptions, buildRequest, namesIn } from "../calls/request.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { localTime, serverTime } from "../words/clock.ts";
import { durationIn, nanoseconds, spell } from "../words/duration.ts";
import { tellMisspelt } from "../words/misspelt.ts";
import { fullTime, lengthOf, readMoment } from "../words/moment.ts";
import { environmentsOf } from "../words/phrases.ts";
import { standing } from "../words/place.ts";
import { isForLater, reservedNext, termInFull } from "../words/reservation.ts";

/** How long somebody stands in line at most who wants it for a length from the turn on, in ms. */
const PATIENCE = 7 * 24 * 3_600_000;

/** `call-me reserve`: takes environments for a person, who has no process: now or when they are free, or from a later time on. */
export class ReserveCommand extends ClientCommand implements AcquireOptions {
  static override paths = [["reserve"]];
  static override usage = Command.Usage({
    description: "Reserve environments for a person, until a fixed time; no process need run",
    details: `
      It stands in the same line as pipelines do, has its turn by itself, and ends by itself. With --from it is in nobody's way until then;
      then it is first in line, ahead of all who have asked since. Who holds it at that time keeps it. What is not free is yours --for so
      long from your turn on, if that comes within a week. \`extend\` makes it longer, but not that; \`release\` gives it back.

      Times are 14:00 (the next), tomorrow 14:00, friday 14:00, 2026-12-24 14:00 or 2026-12-24T14:00+01:00, by this machine's clock and time
      zone, or 2h. They are shown in full: look at them. Exit code 0: it is yours, or stands in line; 4: it can never be had, or with --fail
      not now.
    `,
    examples: [
      ["Two hours from now on", "$0 reserve uat --for 2h --reason demo"],
      ["Tomorrow afternoon", "$0 reserve uat --from 'tomorrow 14:00' --until 16:00 --reason 'release test'"],
      ["Any one with a label", "$0 reserve -l tier=uat --for 1h --reason 'try the new build'"],
      ["Two environments together, if they are free now", "$0 reserve uat db --until 18:00 --fail"],
    ],
  });

  environments = Option.Rest({ name: "ENV[=SLOTS]" });
  selectors = Option.Array("-l,--selector", [], {
    description: "Or any environment with these labels, such as tier=uat,!gpu; may be repeated",
  });
  count = Option.String("--count", { description: "How many different environments that the selector matches; default 1" });
  from = Option.String("--from", {
    description: "When it begins: 14:00, tomorrow 14:00, 2026-12-24 14:00; default: now, or when it is free",
  });
  until = Option.String("--until", { description: "When it ends: 16:00, the next after the beginning" });
  for = Option.String("--for", { description: "The same, as how long it is from the beginning: 2h" });
  reason = Option.String("--reason", { description: "What it is for; others who wait see it" });
  holder = Option.String("--name", { description: "Who it is for; default: user@host" });
  slots = Option.String("--slots", { description: "How many slots of the one environment; also written uat=2; default 1" });
  pool = Option.String("--pool", { description: "The environments' pool; default: theirs" });
  busyFails = Option.Boolean("--fail", false, { description: "If it is busy, fail (4) instead of standing in line" });
  priority = Option.String("--priority", { description: "-10 to 10, each step worth ten minutes of waiting; write --priority=-1" });
  requestId = Option.String("--request-id", { description: "The same id gets the same lease again; default: a random one" });
  tags = Option.Array("--tag", [], { description: "A free word to find the lease by; may be repeated" });
  readonly ttl = undefined;
  readonly maxHold = undefined;
  readonly wait = undefined;
  readonly queueTimeout = undefined;
  readonly ticketTtl = undefined;
  readonly claimTimeout = undefined;
  readonly runUrl = undefined;
  readonly kind = HolderKind.HUMAN;
  /** It was not free, so that the length is counted from the turn on. */
  private isFromTurn = false;

  protected async perform(): Promise<number> {
    if ((this.for === undefined) === (this.until === undefined)) throw Failure.usage("say until when, with --until or --for");
    if (this.busyFails && this.from !== undefined) throw Failure.usage("give --from or --fail, not both: a reservation for later waits");
    const asked = buildRequest(this, this.context.env);
    const { locks } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const names = namesIn(asked);
    // Its answer tells the server's time as well, so that a wrong clock on this side does no harm.
    const looks = [
      ...names.map((environment) => ({ environment })),
      ...this.selectors.map((selector) => ({ pool: this.pool ?? "", selector })),
    ];
    const checks = await Promise.all(looks.map((look) => this.persist(() => locks.check(look, call))));
    const times = this.times();
    const acquire = (terms: object) => this.persist(() => locks.acquire({ ...asked, autoClaim: true, ...terms }, call));
    const taken = this.mayWait
      ? acquire({ ...times, ifBusy: IfBusy.FAIL }).catch((error: unknown) => {
          if (reasonOf(error) !== "ENVIRONMENT_BUSY") throw error;
          this.isFromTurn = true;
          return acquire(this.fromTurn());
        })
      : acquire(times);
    const answer = await taken.catch(async (error: unknown) => {
      // Nobody renews it, so it would stay until its end.
      if (this.interruption.aborted || isTransient(error))
        this.output.word("whether it is reserved is not known: look with call-me status, and give it back with call-me release");
      throw await explainBusy(locks, asked, error);
    });
    const { lease, misspellings, environmentCreated } = answer;
    tellMisspelt(this.output, misspellings);
    hideSecrets(lease, this.output);
    if (lease === undefined || lease.state === LeaseState.ENDED) {
      if (this.json) this.output.json(AcquireResponseSchema, answer);
      this.output.word(`not acquired: ${await explainMiss(locks, lease)}`);
      return EXIT.notAcquired;
    }
    await handOn(locks, answer, { context: this.context, output: this.output }, async () => this.tell(answer, lease));
    if (environmentCreated) this.output.word(`${environmentsOf(lease)} did not exist: it was created, with one slot`);
    const others = checks
      .flatMap(({ environments }) => environments)
      .filter(
        ({ nextReservation: next, name }) => next && next.leaseId !== lease.id && lease.environments.some((one) => one.name === name),
      );
    for (const status of others) this.output.word(`${status.name} is ${reservedNext(status)}, too`);
    return EXIT.done;
  }

  /** The beginning and the end, as the server's times. A usage Failure tells one that is over, as it was understood. */
  private times(): Pick<Lease, "notBefore" | "notAfter"> {
    const now = localTime(serverTime(Date.now()));
    const from = this.from === undefined ? undefined : ahead("--from", this.from, readMoment("--from", this.from, now), now);
    const begin = from ?? now;
    const end = this.for === undefined ? readMoment("--until", this.until ?? "", begin) : begin + lengthOf("--for", this.for);
    const until = ahead(this.for === undefined ? "--until" : "--for", this.for ?? this.until ?? "", end, begin);
    return { ...(from !== undefined && { notBefore: serverTime(from) }), notAfter: serverTime(until) };
  }

  /** Whether a length is given for what may have to be waited for: nobody waits for what is over when it comes. */
  private get mayWait(): boolean {
    return this.for !== undefined && this.from === undefined && !this.busyFails;
  }

  /** The same length, from the turn on. */
  private fromTurn(): Pick<Lease, "maxHold" | "notAfter"> {
    const now = localTime(serverTime(Date.now()));
    return { maxHold: durationIn(lengthOf("--for", this.for ?? "")), notAfter: serverTime(now + PATIENCE) };
  }

  private tell(answer: AcquireResponse, lease: Lease): void {
    const waits = lease.state === LeaseState.QUEUED && !isForLater(lease);
    const length = lease.maxHold === undefined ? 0 : Number(nanoseconds(lease.maxHold)) / 1e6;
    const fromTurn = this.isFromTurn && lease.state === LeaseState.QUEUED;
    const [names, term] = [environmentsOf(lease), fromTurn ? `for ${spell(length)} from your turn on` : termInFull(lease)];
    if (this.json) this.output.json(AcquireResponseSchema, answer);
    else this.output.data(`${waits ? "in line for" : "reserved"}: ${names} ${term}, lease ${lease.id}`);
    if (waits) this.output.word(`${names} is yours as soon as it is free, by itself: ${standing(lease)}`);
    const back = `give it back: call-me release --lease ${lease.id}`;
    if (this.isFromTurn) {
      if (length < lengthOf("--for", this.for ?? ""))
        this.output.word(`for ${spell(length)} only: the environment's max_hold allows no more`);
      this.output.word(back);
      return;
    }
    const wanted =
      lease.notAfter === undefined || lease.latestEnd === undefined ? 0 : localTime(lease.notAfter) - localTime(lease.latestEnd);
    if (wanted > 0 && lease.notAfter !== undefined)
      this.output.word(`it ends before ${fullTime(localTime(lease.notAfter))}, since the environment's max_hold allows no more`);
    this.output.word(`longer: call-me extend --lease ${lease.id} --for 30m; ${back}`);
  }
}

/** The time, which must be ahead of another. */
export function ahead(option: string, text: string, time: number, other: number): number {
  if (time > other) return time;
  throw Failure.usage(`${option} ${JSON.stringify(text)} is ${fullTime(time)}, which is not after ${fullTime(other)}; give a later time`);
}
