import { create } from "@bufbuild/protobuf";
import { ending, reasonOf } from "../../clients/ts/src/errors.ts";
import { Outcome, type ReleaseResponse, ReleaseResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, type Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { currentRunUrl } from "../ci/holder.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { leaseInHand } from "../settings.ts";
import { environmentsOf, leaseAt } from "../words/phrases.ts";

/** What a ReleaseRequest names. */
type Target = { readonly leaseId: string } | { readonly environment: string };

const OUTCOMES: Readonly<Record<string, Outcome>> = { ok: Outcome.OK, failed: Outcome.FAILED, broken: Outcome.BROKEN };

/** `call-me release`: ends our lease, by its id wherever possible, so that it can never hit a successor. */
export class ReleaseCommand extends ClientCommand {
  static override paths = [["release"]];
  static override usage = Command.Usage({
    description: "Give an environment back, or a place in line up",
    details: `
      Without --lease it ends the lease in \`CALL_ME_LEASE_ID\`, else the one that this run holds on ENV. What another run holds is
      refused (exit code 5); end it with --lease and its id. If nothing is held, all is well (0).
    `,
    examples: [
      ["Give uat back", "$0 release uat"],
      ["At the end of a pipeline, which fails if it was lost meanwhile", "$0 release --expect-held"],
      ["In another job, with the lease's id and token alone", "env CALL_ME_LEASE_TOKEN=cml_… $0 release --lease 0b6c…"],
      ["It is broken: nobody gets it until someone has looked", "$0 release uat --outcome broken --note 'disk full'"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  leaseId = Option.String("--lease", { description: "The id of the lease to end" });
  outcome = Option.String("--outcome", "ok", { description: "How the work went: ok, failed or broken" });
  note = Option.String("--note", { description: "A word on it, kept with the lease" });
  expectHeld = Option.Boolean("--expect-held", false, {
    description: "Exit code 6 if the lease was lost before: it had ended, and not by a release",
  });
  runUrl = Option.String("--run-url", { description: "Which run this is; default: from the CI system's variables" });

  protected async perform(): Promise<number> {
    const outcome = OUTCOMES[this.outcome];
    if (outcome === undefined)
      throw Failure.usage(`--outcome ${JSON.stringify(this.outcome)} is none of ${Object.keys(OUTCOMES).join(", ")}`);
    if (this.environment === undefined) this.leaseId ??= leaseInHand(this.context.env);
    if (this.environment === undefined && this.leaseId === undefined) throw Failure.usage("name an environment, or a lease with --lease");
    const { locks } = await this.connect();
    try {
      const target = await this.findTarget(locks);
      if (target === undefined) return this.nothingHeld();
      const request = { ...target, outcome, note: this.note ?? "" };
      const answer = await this.persist(() => locks.release(request, this.call()));
      this.show(answer);
      return this.expectHeld && isLost(answer) ? EXIT.lost : EXIT.done;
    } catch (error) {
      if (this.leaseId === undefined && reasonOf(error) === "NOTHING_HELD") return this.nothingHeld();
      throw error;
    }
  }

  /** What to end, or undefined if nothing is held on ENV. */
  private async findTarget(locks: Locks): Promise<Target | undefined> {
    if (this.leaseId !== undefined) return { leaseId: this.leaseId };
    const environment = this.environment ?? "";
    const inHand = leaseInHand(this.context.env);
    if (inHand === undefined) return await this.findOurs(locks, environment);
    const { lease } = await this.persist(() => locks.getLease({ leaseId: inHand }, this.call()));
    if (lease?.environments.some(({ name }) => name === environment)) return { leaseId: inHand };
    const has = lease === undefined ? "nothing" : environmentsOf(lease);
    throw Failure.usage(`CALL_ME_LEASE_ID ${inHand} is a lease on ${has}, not on ${environment}; name that, or unset the variable`);
  }

  /** The one lease on the environment that this run took; without a trace of runs, whichever the server knows to be ours. */
  private async findOurs(locks: Locks, environment: string): Promise<Target | undefined> {
    const answer = await this.persist(() => locks.check({ environment }, this.call()));
    const holders = answer.environments.find(({ name }) => name === environment)?.holders ?? [];
    if (holders.length === 0) return undefined;
    const ours = this.runUrl ?? currentRunUrl(this.context.env);
    const sameRun = holders.filter(({ holder }) => ours !== undefined && holder?.runUrl === ours);
    const candidates = sameRun.length > 0 ? sameRun : holders.filter(({ holder }) => !holder?.runUrl);
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1) return { leaseId: only.leaseId };
    if (holders.every(({ holder }) => !holder?.runUrl)) return { environment };
    const listed = holders.map(leaseAt).join("; ");
    if (only === undefined)
      throw new Failure(EXIT.notYours, `not yours: ${environment} is held by another run: ${listed}. To end it all the same, use --lease`);
    throw new Failure(EXIT.error, `several leases on ${environment} could be yours: ${listed}. Say which with --lease`);
  }

  private call(): { timeoutMs: number; signal: AbortSignal } {
    return { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
  }

  private nothingHeld(): number {
    this.output.word(`nothing was held on ${this.environment}`);
    if (this.json) this.output.json(ReleaseResponseSchema, create(ReleaseResponseSchema, { alreadyEnded: true }));
    else this.output.data(`slot has been freed for environment: ${this.environment}`);
    return this.expectHeld ? EXIT.lost : EXIT.done;
  }

  private show(answer: ReleaseResponse): void {
    if (this.json) this.output.json(ReleaseResponseSchema, answer);
    const { lease } = answer;
    if (lease !== undefined) this.explain(lease, answer.alreadyEnded);
    if (!this.json && lease?.endReason !== EndReason.WITHDRAWN) {
      this.output.data(`slot has been freed for environment: ${this.environment ?? (lease === undefined ? "" : environmentsOf(lease))}`);
    }
  }

  private explain(lease: Lease, alreadyEnded: boolean): void {
    const others = lease.environments.map(({ name }) => name).filter((name) => name !== this.environment);
    if (alreadyEnded) this.output.word(`lease ${lease.id} had already ended: ${ending(lease)}`);
    else if (lease.endReason === EndReason.WITHDRAWN) this.output.word(`lease ${lease.id} gave up its place in line`);
    else if (this.environment !== undefined && others.length > 0)
      this.output.word(`freed with it, as the same lease: ${others.join(", ")}`);
  }
}

/** Whether somebody else may have had the environment before it was given back. */
function isLost({ lease, alreadyEnded }: ReleaseResponse): boolean {
  return alreadyEnded && lease?.endReason !== EndReason.RELEASED;
}
