import { ConnectError } from "@connectrpc/connect";
import { describeHolder } from "../../../clients/ts/src/ci/holder.ts";
import { LeaseLost, reasonOf } from "../../../clients/ts/src/errors.ts";
import { Keeper } from "../../../clients/ts/src/keeper.ts";
import { Backoff } from "../../../clients/ts/src/retry.ts";
import { Outcome } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { AfterUse } from "../../calls/after-use.ts";
import { type Given, nextDirty } from "../../calls/dirty.ts";
import { takeGiven } from "../../calls/given.ts";
import { CALL_TIMEOUT, type Environments, type Locks } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { inheritance } from "../../process/inheritance.ts";
import { checkCommand } from "../../process/lookup.ts";
import { Origin } from "../../process/origin.ts";
import { runOnLease, type Tenure } from "../../process/tenure.ts";
import type { Settings } from "../../settings.ts";
import { clockTime } from "../../words/clock.ts";
import { milliseconds, parseDuration } from "../../words/duration.ts";
import { environmentsOf } from "../../words/phrases.ts";
import { RenewalReport } from "../../words/renewal-report.ts";

/** Pauses after failures in a row, in ms: an environment that cannot be cleaned must not keep us, or the server, busy. */
const PAUSES = { first: 2_000, last: 60_000 };

type Service = Settings & { readonly locks: Locks; readonly environments: Environments };

/** `call-me env clean`: takes what is dirty, one after the other, runs a command on it, and gives it back as clean, or not. */
export class EnvCleanCommand extends ClientCommand {
  static override paths = [["env", "clean"]];
  static override usage = Command.Usage({
    description: "Clean environments that are dirty, one after the other, by a command",
    details: `
      Waits for an environment of POOL (or for this one environment) to be dirty, runs the command on it with \`CALL_ME_ENVIRONMENT\`,
      \`CALL_ME_LEASE_ID\` and \`CALL_ME_FENCING_TOKEN\`, and gives it back: exit code 0 says that it is clean, a code of --broken that it cannot be
      cleaned (it is quarantined), any other that it is still dirty: it is tried again after the others. Then it waits for the next, through
      restarts of the server, until a signal ends it. Several cleaners share the work. If one dies, its environment is dirty again.
    `,
    examples: [
      ["Keep the pool staging clean", "$0 env clean staging -- ./reset.sh"],
      ["Clean one, if one is dirty, and end", "$0 env clean staging --once --wait 0s -- ./reset.sh"],
      ["Exit code 3 says: somebody must look at it", "$0 env clean staging --broken 3 -- ./reset.sh"],
    ],
  });

  target = Option.String({ name: "POOL|ENV" });
  selector = Option.String("-l,--selector", { description: "Only environments whose labels match: tier=uat,!gpu" });
  once = Option.Boolean("--once", false, { description: "Clean one, and end with the command's exit code" });
  wait = Option.String("--wait", { description: "With --once: wait this long for a dirty one (else 4); default: as long as it takes" });
  broken = Option.Array("--broken", [], { description: "An exit code that says: it cannot be cleaned; may be repeated" });
  ttl = Option.String("--ttl", "60s", { description: "How long the lease outlives us at most; renewed every third of it; default 60s" });
  reason = Option.String("--reason", { description: "What it is for; others see it; default: cleaning" });
  holder = Option.String("--name", { description: "Who cleans; default: the CI run, or user@host" });
  runUrl = Option.String("--run-url", { description: "Where the run can be looked at; default: from the CI system's variables" });
  override json = Option.Boolean("--json", false, { description: "Changes nothing: stdout is the command's" });

  protected async perform(): Promise<number> {
    const { command = [], env, pace } = this.context;
    if (command.length === 0) throw Failure.usage("say what cleans it, behind --: call-me env clean staging -- ./reset.sh");
    if (this.wait !== undefined && !this.once)
      throw Failure.usage("--wait goes with --once; without it cleaning goes on until a signal ends it");
    checkCommand(command[0] ?? "", env);
    const within = this.wait === undefined ? {} : { within: milliseconds(parseDuration("--wait", this.wait)) };
    const broken = this.broken.map(exitCode);
    const asked = {
      ttl: parseDuration("--ttl", this.ttl),
      holder: describeHolder(env, { name: this.holder, runUrl: this.runUrl }),
      reason: this.reason ?? "cleaning",
    };
    const service = await this.connect();
    const request = { ...asked, ...(await this.what(service.environments)) };
    const pauses = () => new Backoff(this.interruption, { ...pace, ...PAUSES });
    for (let pause = pauses(); ; ) {
      const given = await nextDirty(service.environments, request, {
        ...within,
        signal: this.interruption,
        pace,
        observer: this.observer(),
      });
      if (given === undefined) {
        this.output.word(`nothing of ${this.target} is dirty`);
        return EXIT.notAcquired;
      }
      const status = await this.clean(given, command, broken, service);
      this.interruption.throwIfAborted();
      if (this.once && status !== undefined) return status;
      if (status === EXIT.done) pause = pauses();
      else await pause.pause();
    }
  }

  /** A pool of that name or, if there is none, an environment. */
  private async what(environments: Environments): Promise<{ pool?: string; environment?: string; selector?: string }> {
    const options = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const labels = this.selector === undefined ? {} : { selector: this.selector };
    const { target } = this;
    const page = await this.persist(() => environments.listEnvironments({ pool: target, pageSize: 1 }, options));
    if (page.environments.length > 0) return { pool: target, ...labels };
    await this.persist(() => environments.getEnvironment({ environment: target }, options)).catch((error: unknown) => {
      if (reasonOf(error) !== "ENVIRONMENT_NOT_FOUND") throw error;
      const [, suggestion = ""] = /(; did you mean .*)$/.exec(ConnectError.from(error).rawMessage) ?? [];
      throw new Failure(EXIT.error, `there is neither a pool nor an environment ${JSON.stringify(target)}${suggestion}`);
    });
    return { environment: target, ...labels };
  }

  private observer(): { idle(): void; lost(why: string): void } {
    let out = false;
    return {
      idle: () => this.output.word(`nothing of ${this.target} is dirty; waiting`),
      lost: (why) => {
        if (!out) this.output.word(`no contact with the server (${why}); trying again`);
        out = true;
      },
    };
  }

  /** The exit code of the command, or 6 if the lease was lost; undefined: it was lost before the command began. */
  private async clean(given: Given, command: readonly string[], broken: readonly number[], service: Service): Promise<number | undefined> {
    const { env, pace, origin = new Origin() } = this.context;
    const { locks } = service;
    const { leaseToken } = given;
    this.output.mask(leaseToken);
    const say = (line: string) => this.output.word(line);
    const observer = new RenewalReport(
      say,
      (whole, left) => `the ${whole} that there are for cleaning are over in ${left}: then it is quarantined`,
    );
    const keeper = new Keeper(locks, given.lease, { leaseToken, pace, observer });
    const after = new AfterUse(locks, given.lease, leaseToken, this.context, say);
    try {
      const lease = await keeper.begin(this.interruption);
      if (lease === undefined) return undefined;
      takeGiven(lease, this.output);
      const end = lease.latestEnd === undefined ? "" : `, until ${clockTime(lease.latestEnd)} at the latest`;
      say(`${environmentsOf(lease)} is ours to clean${end}: lease ${lease.id}`);
      await this.output.said();
      const tenure = await runOnLease(command, inheritance(env, service, { lease, leaseToken }), keeper, {
        say,
        interactive: false,
        origin,
      });
      return await this.conclude(after, tenure, broken, environmentsOf(lease));
    } catch (error) {
      keeper.stop();
      await after.release({ outcome: Outcome.FAILED, note: "it was not tried", as: "dirty again", lost: error instanceof LeaseLost });
      if (!(error instanceof LeaseLost)) throw error;
      say(`lease ${error.leaseId} is lost: ${error.why}`);
      return undefined;
    }
  }

  private async conclude(after: AfterUse, tenure: Tenure, broken: readonly number[], name: string): Promise<number> {
    const { status, loss, clean } = tenure;
    if (!clean) {
      this.output.word(`some processes could not be killed: ${name} is not given back, and dirty again when the lease's time is up`);
      return loss === undefined ? status || EXIT.error : EXIT.lost;
    }
    const isClean = status === EXIT.done;
    const isBroken = !tenure.interrupted && broken.includes(status);
    const outcome = isBroken ? Outcome.BROKEN : isClean ? Outcome.OK : Outcome.FAILED;
    const failure = `${isBroken ? "quarantined" : "dirty again"}: exit code ${status}`;
    const note = isClean ? "" : `exit code ${status}${tenure.interrupted ? ", interrupted" : ""}`;
    await after.release({ outcome, note, as: isClean ? "clean" : failure, lost: loss !== undefined });
    return loss === undefined ? status : EXIT.lost;
  }
}

function exitCode(text: string): number {
  const code = Number(text);
  if (/^\d+$/.test(text) && code >= 1 && code <= 255) return code;
  throw Failure.usage(`--broken ${text}: write an exit code, 1 to 255`);
}
