import type { Duration } from "@bufbuild/protobuf/wkt";
import { LeaseLost } from "../../clients/ts/src/errors.ts";
import { Keeper } from "../../clients/ts/src/keeper.ts";
import { type Settled, Waiting } from "../../clients/ts/src/waiting.ts";
import { type AcquireResponse, Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type CancelRequest, EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { AfterUse } from "../calls/after-use.ts";
import { AskingCommand } from "../calls/asking.ts";
import { askOrPickUp } from "../calls/detached.ts";
import { earlier } from "../calls/earlier.ts";
import { FACT, parseFacts } from "../calls/facts.ts";
import { takeGiven } from "../calls/given.ts";
import { explainBusy, explainMiss, missCode, obstacles } from "../calls/obstacle.ts";
import { selfOf } from "../calls/own-lease.ts";
import { type AcquireInit, buildRequest } from "../calls/request.ts";
import type { Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { inheritance } from "../process/inheritance.ts";
import { checkCommand } from "../process/lookup.ts";
import { Origin } from "../process/origin.ts";
import { runOnLease, type Tenure } from "../process/tenure.ts";
import { leaseInHand, type Settings } from "../settings.ts";
import { cancelledBy } from "../words/cancel.ts";
import { clockTime } from "../words/clock.ts";
import { parseDuration } from "../words/duration.ts";
import { cuts } from "../words/granted.ts";
import { environmentsOf } from "../words/phrases.ts";
import { RenewalReport } from "../words/renewal-report.ts";
import { reservedAfter } from "../words/reservation.ts";
import { WaitReport } from "../words/wait-report.ts";

/** What is run, with what the command line said of it. */
interface Run {
  readonly command: readonly string[];
  readonly request: AcquireInit;
  readonly settings: Settings & { readonly locks: Locks };
  readonly keep: Duration | undefined;
  /** Told when the command has succeeded. */
  readonly facts: Record<string, string>;
  /** Another exec may run on the same lease. */
  readonly shared: boolean;
}

/** `call-me exec`: takes environments, runs a command on them, and gives them back, whatever becomes of the command or of us. */
export class ExecCommand extends AskingCommand {
  static override paths = [["exec"]];
  static override usage = Command.Usage({
    description: "Run a command while holding one or several environments",
    details: `
      Waits in line, runs the command, keeps the lease alive as long as it runs, and gives it back. stdin and stdout are the command's; our
      words go to stderr. SIGINT, SIGTERM and SIGHUP are passed on to the command's process group. If the lease is lost the command is
      stopped before the server can serve the next one: exit code 6. Otherwise the exit code is the command's own, 128 + n after signal n;
      4 if the environments were not acquired, 7 if a newer run of its --supersede-key took its place or asked it to stop. \`CALL_ME_LEASE_ID\`, \`CALL_ME_ENVIRONMENT\` and \`CALL_ME_FENCING_TOKEN\` are given to it, and
      the environment's variables as \`CALL_ME_VAR_…\`; our key is not.
    `,
    examples: [
      ["Run the tests on uat", "$0 exec uat -- make test"],
      ["On two environments, waiting half an hour at most", "$0 exec uat db=2 --queue-timeout 30m -- ./deploy.sh --fast"],
      ["Say what is on uat then, for everybody who looks", "$0 exec uat --fact version=1.2.3 -- ./deploy.sh"],
      ["Stop older runs of this branch, and take their place", '$0 exec uat --supersede-key "$REPO $BRANCH" --supersede held -- make test'],
      ["Keep uat for an hour to look into a failure", "$0 exec uat --keep-on-failure 1h -- make test"],
    ],
  });

  ttl = Option.String("--ttl", "60s", { description: "How long the lease outlives us at most; renewed every third of it; default 60s" });
  maxHold = Option.String("--max-hold", { description: "The longest that the command may run; default: the environment's, or 4h" });
  outcomeFromExit = Option.Boolean("--outcome-from-exit", false, { description: "Release as failed if the command's exit code is not 0" });
  keepOnFailure = Option.String("--keep-on-failure", {
    description: "If the command fails, keep the lease this long instead of releasing it",
  });
  fact = Option.Array("--fact", { description: `${FACT}. Told when the command has succeeded` });
  override json = Option.Boolean("--json", false, { description: "Changes nothing: stdout is the command's" });
  readonly claimTimeout = undefined;

  protected async perform(): Promise<number> {
    const { command = [], env } = this.context;
    if (command.length === 0) throw Failure.usage("say what to run, behind --: call-me exec uat -- make test");
    checkCommand(command[0] ?? "", env);
    const keep = this.keepOnFailure === undefined ? undefined : parseDuration("--keep-on-failure", this.keepOnFailure);
    const facts = parseFacts(this.fact);
    const request = buildRequest(this, env);
    const settings = await this.connect();
    const { locks } = settings;
    const askedAt = performance.now();
    for (;;) {
      const answer = await this.acquire(locks, request);
      const { lease } = answer;
      if (lease?.state !== LeaseState.HELD) {
        this.output.word(`not acquired: ${await explainMiss(locks, lease)}`);
        return missCode(lease);
      }
      const before = earlier(lease, performance.now() - askedAt);
      if (before !== undefined)
        this.output.word(`the lease was ${before} before this call, by the same request_id: if another gives it back, it is lost`);
      const status = await this.runOn({ ...answer, lease }, { command, request, settings, keep, facts, shared: before !== undefined });
      if (status !== undefined) return status;
    }
  }

  /** Runs the command on a grant, and gives it back. Undefined: the server had taken it back before the command began. */
  private async runOn(answer: Settled, { command, request, settings, keep, facts, shared }: Run): Promise<number | undefined> {
    const { env, pace, origin = new Origin() } = this.context;
    const { locks } = settings;
    const { leaseToken } = answer;
    this.output.mask(leaseToken);
    const say = (line: string) => this.output.word(line);
    const keeper = new Keeper(locks, answer.lease, { leaseToken, pace, observer: new RenewalReport(say), shared });
    const after = new AfterUse(locks, answer.lease, leaseToken, this.context, say);
    try {
      const lease = await keeper.begin(this.interruption);
      if (lease === undefined) return undefined;
      if (lease.cancelRequested !== undefined) return await this.cancel(after, keeper, lease.cancelRequested);
      takeGiven(lease, this.output);
      if (answer.environmentCreated) say(`${environmentsOf(lease)} did not exist: it was created, with one slot`);
      const end = lease.latestEnd === undefined ? "" : `, until ${clockTime(lease.latestEnd)} at the latest`;
      say(`${environmentsOf(lease)} is ours as long as the command runs${end}: lease ${lease.id}`);
      for (const fact of [...cuts(request, lease), ...reservedAfter(lease)]) say(fact);
      await this.output.said();
      const interactive = "isTTY" in this.context.stdin && this.context.stdin.isTTY === true && !env["CI"];
      const tenure = await runOnLease(command, inheritance(env, settings, { lease, leaseToken }), keeper, { say, interactive, origin });
      return await this.conclude(after, lease, tenure, { keep, facts });
    } catch (error) {
      keeper.stop();
      await after.release({ lost: error instanceof LeaseLost });
      throw error;
    }
  }

  private async acquire(locks: Locks, request: AcquireInit): Promise<AcquireResponse> {
    const { env, pace } = this.context;
    const { interruption } = this;
    const look = (lease: Lease) => obstacles(locks, lease);
    const [around, self] = [leaseInHand(env), selfOf(env, { name: this.holder, runUrl: this.runUrl })];
    const report = new WaitReport(this.output, { original: false, every: pace.notice, look, interruption, around, self });
    try {
      const ask = async (asked: AcquireInit) => {
        using waiting = new Waiting(locks, asked, { signal: interruption, pace, observer: report });
        return await waiting.settled();
      };
      return await (this.requestId === undefined ? ask(request) : askOrPickUp(request, ask, (leaseId) => this.look(locks, leaseId)));
    } catch (error) {
      throw await explainBusy(locks, request, error);
    } finally {
      report.close();
    }
  }

  private async conclude(after: AfterUse, lease: Lease, tenure: Tenure, { keep, facts }: Pick<Run, "keep" | "facts">): Promise<number> {
    const { status, loss, cancelled, interrupted, clean } = tenure;
    const failed = status !== 0;
    const isStopped = cancelled !== undefined || loss?.endReason === EndReason.SUPERSEDED;
    // That it was stopped says nothing of the environment.
    const outcome = failed && this.outcomeFromExit && !isStopped ? Outcome.FAILED : Outcome.OK;
    if (!clean) {
      const end = "it is not released, and ends when its time is up";
      this.output.word(`some processes could not be killed: lease ${lease.id} must not be handed on; ${end}`);
    } else if (keep !== undefined && failed && !interrupted && !isStopped && loss === undefined) await after.keep(status, keep);
    else if (failed || loss !== undefined)
      await after.release({ outcome, note: failed ? `exit code ${status}` : "", lost: loss !== undefined });
    else await after.release({ outcome, facts });
    if (isStopped) return EXIT.superseded;
    return loss === undefined ? status : EXIT.lost;
  }

  /** Somebody asked to stop before the command began. */
  private async cancel(after: AfterUse, keeper: Keeper, request: CancelRequest): Promise<number> {
    this.output.word(`${cancelledBy(request)}; the command is not run`);
    keeper.stop();
    await after.release();
    return EXIT.superseded;
  }
}
