import type { Duration } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { giveBack, withToken } from "../../clients/ts/src/calls.ts";
import { LeaseLost } from "../../clients/ts/src/errors.ts";
import { Keeper } from "../../clients/ts/src/keeper.ts";
import { Limit } from "../../clients/ts/src/limit.ts";
import { milliseconds } from "../../clients/ts/src/options.ts";
import { persist } from "../../clients/ts/src/retry.ts";
import { renewableFor } from "../../clients/ts/src/term.ts";
import { Waiting } from "../../clients/ts/src/waiting.ts";
import { type AcquireResponse, Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { formatDuration, nanoseconds, parseDuration, roughly } from "../duration.ts";
import { EXIT, Failure } from "../failure.ts";
import { inheritance } from "../inheritance.ts";
import { explainMiss, obstacles } from "../obstacle.ts";
import type { Output } from "../output.ts";
import { RenewalReport } from "../renewals.ts";
import { WaitReport } from "../report.ts";
import { type AcquireInit, type AcquireOptions, buildRequest } from "../request.ts";
import { run, type Tenure } from "../tenure.ts";
import { environmentsOf, instant } from "../words.ts";

/** `call-me exec`: takes environments, runs a command on them, and gives them back, whatever becomes of the command or of us. */
export class ExecCommand extends ClientCommand implements AcquireOptions {
  static override paths = [["exec"]];
  static override usage = Command.Usage({
    description: "Run a command while holding one or several environments",
    details: `
      Waits in line, runs the command, keeps the lease alive as long as it runs, and gives it back. stdin and stdout are the command's; our
      words go to stderr. SIGINT, SIGTERM and SIGHUP are passed on to the command's process group. If the lease is lost the command is
      stopped before the server can serve the next one: exit code 6. Otherwise the exit code is the command's own, 128 + n after signal n;
      4 if the environments were not acquired. \`CALL_ME_LEASE_ID\`, \`CALL_ME_ENVIRONMENT\` and \`CALL_ME_FENCING_TOKEN\` are given to it,
      our key is not.
    `,
    examples: [
      ["Run the tests on uat", "$0 exec uat -- make test"],
      ["On two environments, waiting half an hour at most", "$0 exec uat db:2 --queue-timeout 30m -- ./deploy.sh --fast"],
      ["Keep uat for an hour to look into a failure", "$0 exec uat --keep-on-failure 1h -- make test"],
    ],
  });

  environments = Option.Rest({ name: "ENV[:SLOTS]", required: 1 });
  pool = Option.String("--pool", { description: "The environments' pool; default: theirs" });
  ttl = Option.String("--ttl", "60s", { description: "How long the lease outlives us at most; renewed every third of it; default 60s" });
  maxHold = Option.String("--max-hold", { description: "The longest that the command may run; default: the environment's, or 4h" });
  busyFails = Option.Boolean("--fail", false, { description: "If it is busy, fail at once instead of standing in line" });
  queueTimeout = Option.String("--queue-timeout", { description: "Give up after waiting this long" });
  ticketTtl = Option.String("--ticket-ttl", { description: "How long the place in line outlives a lost connection; default 60s" });
  priority = Option.String("--priority", { description: "-10 to 10, each step worth ten minutes of waiting; write --priority=-1" });
  requestId = Option.String("--request-id", { description: "The same id gets the same lease again; default: a random one" });
  reason = Option.String("--reason", { description: "What it is for; others who wait see it" });
  holder = Option.String("--name", { description: "Who it is for; default: the CI run, or user@host" });
  runUrl = Option.String("--run-url", { description: "Where the run can be looked at; default: from the CI system's variables" });
  tags = Option.Array("--tag", [], { description: "A free word to find the lease by; may be repeated" });
  outcomeFromExit = Option.Boolean("--outcome-from-exit", false, { description: "Release as failed if the command's exit code is not 0" });
  keepOnFailure = Option.String("--keep-on-failure", {
    description: "If the command fails, keep the lease this long instead of releasing it",
  });
  override json = Option.Boolean("--json", false, { description: "Changes nothing: stdout is the command's" });
  readonly claimTimeout = undefined;

  protected async perform(): Promise<number> {
    const { command = [], env } = this.context;
    if (command.length === 0) throw Failure.usage("say what to run, behind --: call-me exec uat -- make test");
    const keep = this.keepOnFailure === undefined ? undefined : parseDuration("--keep-on-failure", this.keepOnFailure);
    const request = buildRequest(this, env);
    const { output } = this;
    const settings = await this.connect();
    const answer = await this.acquire(settings.locks, request, output);
    const { lease } = answer;
    if (lease?.state !== LeaseState.HELD) {
      output.word(`call-me: not acquired: ${await explainMiss(settings.locks, lease)}`);
      return EXIT.notAcquired;
    }
    output.mask(answer.leaseToken);
    const say = (line: string) => output.word(`call-me: ${line}`);
    // A server that knows no tokens sends none.
    const leaseToken = answer.leaseToken || undefined;
    const { locks } = settings;
    const keeper = new Keeper(locks, lease, { leaseToken, pace: this.context.pace, observer: new RenewalReport(say) });
    const hold: Hold = { locks, lease, leaseToken, output };
    try {
      await keeper.begin(this.interruption);
      this.interruption.throwIfAborted();
      this.greet(answer, lease, output);
      const interactive = "isTTY" in this.context.stdin && this.context.stdin.isTTY === true && !env["CI"];
      return await this.conclude(hold, await run(command, inheritance(env, settings, answer), keeper, { say, interactive }), keep);
    } catch (error) {
      keeper.stop();
      await this.release(hold, {}, error instanceof LeaseLost);
      throw error;
    }
  }

  /** Waits in line; interrupted, it gives the place up. */
  private async acquire(locks: Locks, request: AcquireInit, output: Output): Promise<AcquireResponse> {
    const { pace } = this.context;
    const report = new WaitReport(output, { quiet: true, every: pace.notice, look: (lease) => obstacles(locks, lease) });
    try {
      using waiting = new Waiting(locks, request, { signal: this.interruption, pace, observer: report });
      return await waiting.settled();
    } catch (error) {
      const { lease } = report;
      if (this.interruption.aborted && lease !== undefined) {
        output.word(`call-me: ${this.interruption.reason}: giving up lease ${lease.id}`);
        await this.release({ locks, lease, leaseToken: undefined, output });
      }
      throw error;
    } finally {
      report.close();
    }
  }

  private greet({ environmentCreated }: AcquireResponse, lease: Lease, output: Output): void {
    if (environmentCreated) output.word("call-me: the environment did not exist; it was created with one slot");
    output.word(`call-me: ${environmentsOf(lease)} is ours as long as the command runs: lease ${lease.id}`);
  }

  private async conclude(hold: Hold, tenure: Tenure, keep: Duration | undefined): Promise<number> {
    const { status, loss, interrupted, clean } = tenure;
    const failed = status !== 0;
    if (!clean) {
      const end = "it is not released, and ends when its time is up";
      hold.output.word(`call-me: some processes could not be killed: lease ${hold.lease.id} must not be handed on; ${end}`);
    } else if (keep !== undefined && failed && !interrupted && loss === undefined) await this.keep(hold, status, keep);
    else {
      const outcome = failed && this.outcomeFromExit ? Outcome.FAILED : Outcome.OK;
      await this.release(hold, { outcome, note: failed ? `exit code ${status}` : "" }, loss !== undefined);
    }
    return loss === undefined ? status : EXIT.lost;
  }

  /** Tries for the pace's patience, but only for a moment once somebody wants us to end, or if the lease is lost: it is over anyway. */
  private async release(hold: Hold, how: { outcome?: Outcome; note?: string } = {}, lost = false): Promise<void> {
    const { locks, lease, leaseToken, output } = hold;
    if (lease.state === LeaseState.ENDED) return;
    const { pace } = this.context;
    const hurry = lost ? AbortSignal.abort() : this.interruption;
    using limit = new Limit({ within: pace.patience, follows: hurry, after: pace.farewell });
    try {
      const { alreadyEnded } = await giveBack(locks, { leaseId: lease.id, ...how }, leaseToken, limit.signal, pace);
      if (lease.state === LeaseState.HELD && !alreadyEnded) output.word(`call-me: ${environmentsOf(lease)} is given back`);
    } catch (error) {
      const left = formatDuration(nanoseconds(lease.state === LeaseState.HELD ? lease.ttl : lease.ticketTtl));
      const why = ConnectError.from(error).rawMessage;
      output.word(`call-me: lease ${lease.id} could not be released (${why}); it ends by itself within ${left}`);
    }
  }

  /** For whoever looks into the failure. The lease is not renewed any more, so it ends then by itself. */
  private async keep({ locks, lease, leaseToken, output }: Hold, status: number, ttl: Duration): Promise<void> {
    const { pace } = this.context;
    try {
      const renewal = { leaseId: lease.id, ttl };
      const options = withToken(leaseToken, { timeoutMs: CALL_TIMEOUT });
      const { lease: kept } = await persist(() => locks.renew(renewal, options), this.interruption, pace);
      if (kept === undefined) throw new Error("the server sent no lease");
      const until = kept.expiresAt === undefined ? "" : ` until ${instant(kept.expiresAt)}`;
      output.word(
        `call-me: the command failed (${status}): ${environmentsOf(lease)} is kept${until}, for ${roughly(milliseconds(kept.ttlRemaining))}`,
      );
      const cut = renewableFor(kept) <= 0 ? "max_hold" : nanoseconds(kept.ttl) < nanoseconds(ttl) ? "the environment's max_ttl" : undefined;
      if (cut !== undefined) output.word(`call-me: not longer, because ${cut} ends it`);
      output.word(`call-me: to give it back: call-me release --lease ${lease.id}`);
    } catch (error) {
      const left = formatDuration(nanoseconds(lease.ttl));
      output.word(`call-me: lease ${lease.id} could not be kept (${ConnectError.from(error).rawMessage}); it ends within ${left}`);
    }
  }
}

/** A lease that we hold or wait for, and what opens it. */
interface Hold {
  readonly locks: Locks;
  readonly lease: Lease;
  /** Undefined: our key does. */
  readonly leaseToken: string | undefined;
  readonly output: Output;
}
