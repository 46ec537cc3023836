import { create } from "@bufbuild/protobuf";
import { ending, fencingTokenOf, reasonOf } from "../../clients/ts/src/errors.ts";
import { Outcome, type ReleaseResponse, ReleaseResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, type Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { lookUnknown } from "../calls/briefly.ts";
import { FACT, parseFacts } from "../calls/facts.ts";
import { OwningCommand } from "../calls/owning.ts";
import type { Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { grantInHand } from "../settings.ts";
import { environmentsOf } from "../words/phrases.ts";

const OUTCOMES: Readonly<Record<string, Outcome>> = { ok: Outcome.OK, failed: Outcome.FAILED, broken: Outcome.BROKEN };

/** `call-me release`: ends our lease, by its id wherever possible, so that it can never hit a successor. */
export class ReleaseCommand extends OwningCommand {
  static override paths = [["release"]];
  static override usage = Command.Usage({
    description: "Give an environment back, or a place in line up",
    details: `
      Without --lease it ends the lease in \`CALL_ME_LEASE_ID\`, if that is on ENV, else our own there: that of the same run, or without a run
      of the same name; a place in line is given up, and so is a reservation. What is somebody else's, or one of several, is refused (exit code 5); end it with
      --lease and its id. If nothing is held, or the lease had ended before, all is well (0).
    `,
    examples: [
      ["Give uat back", "$0 release uat"],
      ["At the end of a pipeline, which fails if it was lost meanwhile", "$0 release --expect-held"],
      ["In another job, with the lease's id and token alone", "env CALL_ME_LEASE_TOKEN=cml_… $0 release --lease 0b6c…"],
      ["Say what is on uat now, for everybody who looks", "$0 release uat --fact version=1.2.3 --fact sha=0b6c7f1"],
      ["It is broken: nobody gets it until someone has looked", "$0 release uat --outcome broken --note 'disk full'"],
    ],
  });

  outcome = Option.String("--outcome", "ok", { description: "How the work went: ok, failed or broken" });
  note = Option.String("--note", { description: "A word on it, kept with the lease" });
  fact = Option.Array("--fact", { description: FACT });
  expectHeld = Option.Boolean("--expect-held", false, {
    description: "Exit code 6 if the lease was lost before: it was not held any more, and not released either",
  });

  protected async perform(): Promise<number> {
    const outcome = Object.hasOwn(OUTCOMES, this.outcome) ? OUTCOMES[this.outcome] : undefined;
    if (outcome === undefined)
      throw Failure.usage(`--outcome ${JSON.stringify(this.outcome)} is none of ${Object.keys(OUTCOMES).join(", ")}`);
    const facts = parseFacts(this.fact);
    this.nameIt();
    const { locks, environments, access } = await this.connect();
    try {
      const target = await this.findTarget({ locks, environments, access });
      if (target === undefined) return await this.nothingHeld(locks);
      const request = { ...target, outcome, note: this.note ?? "", facts };
      let tries = 0;
      const answer = await this.persist(() => {
        tries += 1;
        return locks.release(request, this.call());
      });
      this.show(answer, tries > 1);
      return this.expectHeld && this.isLost(answer) ? EXIT.lost : EXIT.done;
    } catch (error) {
      if (this.leaseId === undefined && reasonOf(error) === "NOTHING_HELD") return await this.nothingHeld(locks);
      throw error;
    }
  }

  /** A misspelt name must not look like a lease that was given back. */
  private async nothingHeld(locks: Locks): Promise<number> {
    const environment = this.environment ?? "";
    this.output.word(`nothing was held on ${environment}`);
    await lookUnknown(locks, environment, this.output);
    if (this.json) this.output.json(ReleaseResponseSchema, create(ReleaseResponseSchema, { alreadyEnded: true }));
    else if (!this.expectHeld) this.freed(environment);
    return this.expectHeld ? EXIT.lost : EXIT.done;
  }

  /** `repeated`: an answer may have been lost, and with it the news that the lease was ended by us. */
  private show(answer: ReleaseResponse, repeated: boolean): void {
    if (this.json) this.output.json(ReleaseResponseSchema, answer);
    const { lease, alreadyEnded } = answer;
    if (lease === undefined) return;
    const { endReason } = lease;
    const givenBack = endReason === EndReason.RELEASED || endReason === EndReason.WITHDRAWN;
    const before = alreadyEnded && !(repeated && givenBack);
    this.explain(lease, before);
    if (!this.json && !before && endReason !== EndReason.WITHDRAWN) this.freed(this.environment ?? environmentsOf(lease));
  }

  /** The original's words: this call has freed something, or nobody is on it. */
  private freed(environment: string): void {
    this.output.data(`slot has been freed for environment: ${environment}`);
  }

  /** Whether somebody else may have had the environment before it was given back: it was not held, or not by the grant that we worked on. */
  private isLost({ lease }: ReleaseResponse): boolean {
    if (lease?.endReason !== EndReason.RELEASED) return true;
    const [grant, ended] = [grantInHand(this.context.env, lease.id), fencingTokenOf(lease)];
    return grant !== undefined && ended !== 0n && ended !== grant;
  }

  private explain(lease: Lease, before: boolean): void {
    const others = lease.environments.map(({ name }) => name).filter((name) => name !== this.environment);
    if (before) this.output.word(`lease ${lease.id} had already ended: ${ending(lease)}`);
    else if (lease.endReason === EndReason.WITHDRAWN)
      this.output.word(`lease ${lease.id} gave up its ${lease.autoClaim ? "reservation" : "place in line"}`);
    else if (this.environment !== undefined && others.length > 0)
      this.output.word(`freed with it, as the same lease: ${others.join(", ")}`);
  }
}
