import { endOf, reasonOf } from "../../clients/ts/src/errors.ts";
import { Keeper } from "../../clients/ts/src/keeper.ts";
import { RenewResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { FACT, parseFacts } from "../calls/facts.ts";
import { hideSecrets } from "../calls/given.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { OtherProcess } from "../process/other.ts";
import { grantInHand, leaseInHand } from "../settings.ts";
import { cancelledBy } from "../words/cancel.ts";
import { parseDuration } from "../words/duration.ts";
import { cuts, heldUntil } from "../words/granted.ts";
import { environmentsOf } from "../words/phrases.ts";
import { standing } from "../words/place.ts";
import { RenewalReport } from "../words/renewal-report.ts";

/** `call-me renew`: holds a lease for another ttl; for one that waits in line it is a sign of life. */
export class RenewCommand extends ClientCommand {
  static override paths = [["renew"]];
  static override usage = Command.Usage({
    description: "Hold a lease longer",
    details: `
      Without --lease it renews the lease in \`CALL_ME_LEASE_ID\`. A Renew only ever extends, and never beyond max_hold: stderr and the exit
      code tell what came of it. Exit code 6: the lease has ended, or is not the grant of \`CALL_ME_FENCING_TOKEN\` any more. Inside \`call-me exec\` nobody needs it.

      With --while it goes on as long as another process lives, renewing every third of the ttl, and ends with 0 when that has ended or the
      lease was released, with 6 when the lease is lost, with 7 when its time is over because it was asked to stop. It gives nothing back: once nobody renews, the lease ends after its ttl.
    `,
    examples: [
      ["For its ttl again", "$0 renew"],
      ["In a command of exec: say what is on the environment now", "$0 renew --fact sha=0b6c7f1"],
      ["For half an hour from now", "$0 renew --lease 01JABCDEF --ttl 30m"],
      ["In a shell, as long as that lives", "$0 renew --while $$ &"],
    ],
  });

  leaseId = Option.String("--lease", { description: "The id of the lease; default: CALL_ME_LEASE_ID" });
  ttl = Option.String("--ttl", { description: "How long from now; default: the lease's own ttl" });
  fact = Option.Array("--fact", { description: FACT });
  pid = Option.String("--while", { description: "Go on as long as the process of this id lives" });

  protected async perform(): Promise<number> {
    const leaseId = this.leaseId ?? leaseInHand(this.context.env);
    if (leaseId === undefined) throw Failure.usage("name a lease with --lease, or set CALL_ME_LEASE_ID");
    const ttl = this.ttl === undefined ? {} : { ttl: parseDuration("--ttl", this.ttl) };
    const facts = parseFacts(this.fact);
    const other = this.pid === undefined ? undefined : OtherProcess.of(this.pid);
    const { locks } = await this.connect();
    try {
      const answer = await this.persist(() =>
        locks.renew({ leaseId, ...ttl, facts }, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }),
      );
      hideSecrets(answer.lease, this.output);
      if (this.json) this.output.json(RenewResponseSchema, answer);
      const grant = grantInHand(this.context.env, leaseId);
      const end = grant === undefined || answer.lease === undefined ? undefined : endOf(answer.lease, grant);
      if (end !== undefined) throw new Failure(EXIT.lost, `lease ${leaseId} is lost: ${end.why}`);
      if (Object.keys(facts).length > 0 && answer.lease?.state !== LeaseState.HELD)
        throw new Failure(EXIT.error, `lease ${leaseId} is not held yet: the facts are not told; tell them when it is`);
      const { lease } = answer;
      if (lease?.cancelRequested !== undefined) this.output.word(cancelledBy(lease.cancelRequested));
      if (other !== undefined) return await this.keep(locks, lease, other);
      if (lease?.state === LeaseState.QUEUED) this.output.word(`lease ${leaseId} waits in line: ${standing(lease)}`);
      else if (lease?.expiresAt !== undefined) {
        this.output.word(`lease ${leaseId} on ${environmentsOf(lease)} is held ${heldUntil(lease)}`);
        for (const cut of cuts(ttl, lease)) this.output.word(cut);
      }
      return EXIT.done;
    } catch (error) {
      if (reasonOf(error) !== "LEASE_ENDED") throw error;
      throw new Failure(EXIT.lost, (error as Error).message.replace(/^\[\w+\] /, ""));
    }
  }

  private async keep(locks: Locks, lease: Lease | undefined, other: OtherProcess): Promise<number> {
    if (lease?.state !== LeaseState.HELD) throw new Failure(EXIT.error, "--while keeps a lease that is held; this one still waits");
    const say = (line: string) => this.output.word(line);
    const keeper = new Keeper(locks, lease, { pace: this.context.pace, observer: new RenewalReport(say) });
    const done = new AbortController();
    try {
      const held = await keeper.begin(this.interruption);
      if (held === undefined) throw new Failure(EXIT.lost, `lease ${lease.id} is lost: the server took it back`);
      if (lease.cancelRequested === undefined) void keeper.cancelled.then((request) => say(cancelledBy(request)));
      say(`keeping lease ${lease.id} on ${environmentsOf(lease)} as long as process ${other.pid} lives`);
      const loss = await Promise.race([keeper.over, other.ended(AbortSignal.any([this.interruption, done.signal]))]);
      this.interruption.throwIfAborted();
      if (loss === "ended") say(`process ${other.pid} has ended: lease ${lease.id} is not renewed any more`);
      else if (loss === undefined || loss.endReason === EndReason.RELEASED) say(`lease ${lease.id} was released`);
      else if (keeper.cancelRequested !== undefined || loss.endReason === EndReason.SUPERSEDED)
        throw new Failure(EXIT.superseded, `lease ${lease.id} is over: ${loss.why}`);
      else throw loss;
      return EXIT.done;
    } finally {
      done.abort();
      keeper.stop();
    }
  }
}
