import { RenewResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { milliseconds, parseDuration, roughly } from "../duration.ts";
import { EXIT, Failure, reasonOf } from "../failure.ts";
import { leaseInHand } from "../settings.ts";
import { environmentsOf, instant, standing } from "../words.ts";

/** `call-me renew`: holds a lease for another ttl; for one that waits in line it is a sign of life. */
export class RenewCommand extends ClientCommand {
  static override paths = [["renew"]];
  static override usage = Command.Usage({
    description: "Hold a lease longer",
    details: `
      Without --lease it renews the lease in \`CALL_ME_LEASE_ID\`. A Renew only ever extends, and never beyond max_hold: stderr and the exit
      code tell what came of it. Exit code 6: the lease has ended. Inside \`call-me exec\` nobody needs it.
    `,
    examples: [
      ["For its ttl again", "$0 renew"],
      ["For half an hour from now", "$0 renew --lease 01JABCDEF --ttl 30m"],
    ],
  });

  leaseId = Option.String("--lease", { description: "The id of the lease; default: CALL_ME_LEASE_ID" });
  ttl = Option.String("--ttl", { description: "How long from now; default: the lease's own ttl" });

  protected async perform(): Promise<number> {
    const leaseId = this.leaseId ?? leaseInHand(this.context.env);
    if (leaseId === undefined) throw Failure.usage("name a lease with --lease, or set CALL_ME_LEASE_ID");
    const ttl = this.ttl === undefined ? {} : { ttl: parseDuration("--ttl", this.ttl) };
    const { locks } = await this.connect();
    try {
      const answer = await this.persist(() => locks.renew({ leaseId, ...ttl }, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }));
      if (this.json) this.output.json(RenewResponseSchema, answer);
      const { lease } = answer;
      if (lease?.state === LeaseState.QUEUED) this.output.word(`lease ${leaseId} waits in line: ${standing(lease)}`);
      else if (lease?.expiresAt !== undefined) {
        const left = roughly(milliseconds(lease.ttlRemaining));
        this.output.word(`lease ${leaseId} on ${environmentsOf(lease)} is held until ${instant(lease.expiresAt)} (for ${left})`);
      }
      return EXIT.done;
    } catch (error) {
      if (reasonOf(error) !== "LEASE_ENDED") throw error;
      throw new Failure(EXIT.lost, (error as Error).message.replace(/^\[\w+\] /, ""));
    }
  }
}
