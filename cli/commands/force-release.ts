import { ending } from "../../clients/ts/src/errors.ts";
import { ForceReleaseResponseSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { ClientCommand } from "../base.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { environmentsOf, leaseAt, who } from "../words/phrases.ts";

/** `call-me force-release`: ends somebody else's lease, on the record. */
export class ForceReleaseCommand extends ClientCommand {
  static override paths = [["force-release"]];
  static override usage = Command.Usage({
    description: "End somebody else's lease, with a reason that its holder will see",
    details: `
      By lease id, so that it can never hit a successor: \`call-me status --json\` shows the ids. With --environment it finds the one lease
      there and prints it. The environment then rests for its lock delay, so that the old holder can notice and stop.
    `,
    examples: [
      ["End a lease", "$0 force-release 0b6c… --reason 'the runner was lost'"],
      ["End the one that is on uat", "$0 force-release --environment uat --reason 'urgent fix, agreed with Ada'"],
    ],
  });

  leaseId = Option.String({ name: "LEASE", required: false });
  environment = Option.String("--environment", { description: "End the one lease on this environment" });
  reason = Option.String("--reason", { description: "Why; required" });

  protected async perform(): Promise<number> {
    if ((this.leaseId === undefined) === (this.environment === undefined))
      throw Failure.usage("name the lease to end, or with --environment where it is; call-me status --json shows the ids");
    const { reason } = this;
    if (!reason?.trim()) throw Failure.usage("say why with --reason: the holder will see it, and it stays on the record");
    const { locks, environments } = await this.connect();
    const leaseId = this.leaseId ?? (await this.findOnly(locks, this.environment ?? ""));
    const answer = await this.persist(() =>
      environments.forceRelease({ leaseId, reason }, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }),
    );
    if (this.json) this.output.json(ForceReleaseResponseSchema, answer);
    const { lease } = answer;
    if (lease === undefined) return EXIT.done;
    if (answer.alreadyEnded) this.output.word(`lease ${lease.id} had already ended: ${ending(lease)}`);
    else if (!this.json)
      this.output.data(`ended lease ${lease.id} of ${who(lease, lease.principal)} on environment: ${environmentsOf(lease)}`);
    return EXIT.done;
  }

  private async findOnly(locks: Locks, environment: string): Promise<string> {
    const answer = await this.persist(() => locks.check({ environment }, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }));
    const holders = answer.environments.flatMap((status) => status.holders);
    const [only] = holders;
    if (only === undefined) throw new Failure(EXIT.error, `nobody is on ${environment}: there is nothing to end`);
    const listed = holders.map(leaseAt);
    if (holders.length > 1)
      throw new Failure(EXIT.error, `several leases are on ${environment}: ${listed.join("; ")}. Name the one to end`);
    this.output.word(`on ${environment} is ${listed[0]}`);
    return only.leaseId;
  }
}
