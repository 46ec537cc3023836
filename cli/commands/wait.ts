import { create } from "@bufbuild/protobuf";
import { isTransient } from "../../clients/ts/src/errors.ts";
import { persist } from "../../clients/ts/src/retry.ts";
import { isSettled } from "../../clients/ts/src/waiting.ts";
import { CheckResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type EnvironmentStatus, type Lease, LeaseSchema, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { lookMisspelt } from "../calls/briefly.ts";
import { followEnvironments, followLease } from "../calls/following.ts";
import { hideSecrets } from "../calls/given.ts";
import { explainMiss, missCode, obstacles } from "../calls/obstacle.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { nanoseconds, parseDuration } from "../words/duration.ts";
import { outlineOfAll } from "../words/outline.ts";
import { environmentsOf, whyBusy } from "../words/phrases.ts";
import { WaitReport } from "../words/wait-report.ts";

/** `call-me wait`: returns when environments are free, and takes nothing; or when a lease that stands in line is held. */
export class WaitCommand extends ClientCommand {
  static override paths = [["wait"]];
  static override usage = Command.Usage({
    description: "Wait until environments are free, without taking them",
    details: `
      Ends with 0 as soon as all of them are free at the same time, with 4 when --timeout has passed, with 1 when one of them is deleted. It stands in no line: who comes
      meanwhile may be faster. To be served in turn use \`acquire\` or \`exec\`.

      With --lease it waits until that lease, from \`acquire --no-wait\`, is held (0) or has ended (4; 7 if it was superseded). By its token, in \`CALL_ME_LEASE_TOKEN\`,
      that keeps it in line and claims what it is offered; with a key alone this only looks. An interruption leaves it in line.
    `,
    examples: [
      ["Until nobody is on uat", "$0 wait uat"],
      ["Both, ten minutes at most", "$0 wait uat db --timeout 10m"],
      ["For one's turn, later", 'eval "$(call-me acquire uat --no-wait --output env)"; call-me wait --lease "$CALL_ME_LEASE_ID"'],
    ],
  });

  environments = Option.Rest({ name: "ENV" });
  leaseId = Option.String("--lease", { description: "Wait for this lease, which stands in line, instead" });
  timeout = Option.String("--timeout", { description: "Give up after this long; default: never" });

  protected async perform(): Promise<number> {
    const timeout = this.timeout === undefined ? undefined : parseDuration("--timeout", this.timeout);
    if (this.environments.length > 0 === (this.leaseId !== undefined))
      throw Failure.usage("name environments to be free, or with --lease the lease to be served");
    const { locks, key } = await this.connect();
    const enough = new AbortController();
    const timer = timeout && setTimeout(() => enough.abort("timeout"), Math.min(Number(nanoseconds(timeout)) / 1e6, 0x7fffffff));
    const state = new Map<string, EnvironmentStatus>();
    try {
      if (this.leaseId !== undefined) return await this.standInLine(locks, this.leaseId, key, enough.signal);
      await Promise.all([this.watchAll(locks, state, enough), lookMisspelt(locks, this.environments, this.output)]);
    } finally {
      clearTimeout(timer);
    }
    this.interruption.throwIfAborted();
    const free = enough.signal.reason === "free";
    const seen = [...state.values()];
    if (this.json) this.output.json(CheckResponseSchema, create(CheckResponseSchema, { available: free, environments: seen }));
    else if (free) this.output.data(`free: ${this.environments.join(", ")}`);
    if (!free) this.output.word(`not free after ${this.timeout}: ${this.busy(state).join("; ")}`);
    return free ? EXIT.done : EXIT.notAcquired;
  }

  /** Until the lease is held, has ended, or it is `enough`. */
  private async standInLine(locks: Locks, leaseId: string, key: string | undefined, enough: AbortSignal): Promise<number> {
    const token = [key, this.context.env["CALL_ME_LEASE_TOKEN"]].find((one) => one?.startsWith(`cml_${leaseId}_`));
    if (token === undefined)
      this.output.word(`without its token in CALL_ME_LEASE_TOKEN this only looks: it keeps nobody in line, and claims nothing`);
    const { pace } = this.context;
    const report = new WaitReport(this.output, {
      original: false,
      every: pace.notice,
      look: (lease) => obstacles(locks, lease),
      interruption: this.interruption,
    });
    const interruption = AbortSignal.any([this.interruption, enough]);
    const tell = (news: string) => this.output.word(news);
    let last: Lease | undefined;
    try {
      for await (const { lease } of followLease(locks, leaseId, token ?? "", { pace, interruption, tell })) {
        if (lease === undefined) continue;
        report.seen(lease);
        last = lease;
        if (isSettled(lease)) break;
      }
    } catch (error) {
      if (!enough.aborted || this.interruption.aborted) throw error;
    } finally {
      report.close();
    }
    hideSecrets(last, this.output);
    if (this.json && last !== undefined) this.output.json(LeaseSchema, last);
    if (last?.state === LeaseState.HELD) {
      if (!this.json) this.output.data(`held: ${environmentsOf(last)}`);
      return EXIT.done;
    }
    this.output.word(`not acquired: ${await explainMiss(locks, last)}`);
    return missCode(last);
  }

  /**
   * Ends when `enough` is aborted, by the last of them becoming free or by the timeout; throws what a watch throws before that. A watch tells
   * of who is there, Check also of what the server itself refuses: so it has the last word, with each message of the watches, however quiet.
   */
  private async watchAll(locks: Locks, state: Map<string, EnvironmentStatus>, enough: AbortController): Promise<void> {
    const interruption = AbortSignal.any([this.interruption, enough.signal]);
    const names = [...new Set(this.environments)];
    const vacant = new Set<string>();
    let said = "";
    const watchOne = async (environment: string) => {
      const tell = (news: string) => this.output.word(news);
      const topic = { what: { environment }, since: 0n };
      for await (const message of followEnvironments(locks, topic, { pace: this.context.pace, interruption, tell })) {
        for (const status of message.environments) {
          state.set(status.name, existing(status));
          if (status.available) vacant.add(status.name);
          else vacant.delete(status.name);
        }
        if (vacant.size === names.length && (await this.areFree(locks, names, state, interruption))) enough.abort("free");
        const [busy, news] = [this.busy(state).join("; "), outlineOfAll([...state.values()])];
        if (state.size === names.length && busy !== "" && news !== said) this.output.word(`waiting: ${busy}`);
        said = news;
      }
    };
    try {
      await Promise.all(names.map(watchOne));
    } catch (error) {
      const ended = enough.signal.aborted;
      enough.abort("failed");
      if (!ended) throw error;
    }
  }

  /** What Check says, kept in `state`; false as well where it cannot be asked now. */
  private async areFree(locks: Locks, names: string[], state: Map<string, EnvironmentStatus>, signal: AbortSignal): Promise<boolean> {
    const ask = (environment: string) =>
      persist(() => locks.check({ environment }, { timeoutMs: CALL_TIMEOUT, signal }), signal, this.context.pace);
    try {
      const statuses = (await Promise.all(names.map(ask))).flatMap(({ environments }) => environments);
      for (const status of statuses) state.set(status.name, status);
      return statuses.every(({ available }) => available);
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error)) throw error;
      return false;
    }
  }

  private busy(state: ReadonlyMap<string, EnvironmentStatus>): string[] {
    return this.environments
      .filter((name) => !state.get(name)?.available)
      .map((name) => {
        const status = state.get(name);
        return status === undefined ? `${name} not seen yet` : whyBusy(name, status);
      });
  }
}

/** A Failure if it is there no more: nobody would ever free it. */
function existing(status: EnvironmentStatus): EnvironmentStatus {
  if (status.deleted) throw new Failure(EXIT.error, `${status.name} was deleted: there is nothing left to wait for`);
  return status;
}
