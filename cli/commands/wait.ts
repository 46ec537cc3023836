import { create } from "@bufbuild/protobuf";
import { CheckResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { follow } from "../calls/following.ts";
import type { Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT } from "../exit.ts";
import { nanoseconds, parseDuration } from "../words/duration.ts";
import { whyBusy } from "../words/phrases.ts";

/** `call-me wait`: returns when environments are free, and takes nothing. */
export class WaitCommand extends ClientCommand {
  static override paths = [["wait"]];
  static override usage = Command.Usage({
    description: "Wait until environments are free, without taking them",
    details: `
      Ends with 0 as soon as all of them are free at the same time, with 4 when --timeout has passed. It stands in no line: who comes
      meanwhile may be faster. To be served in turn use \`acquire\` or \`exec\`.
    `,
    examples: [
      ["Until nobody is on uat", "$0 wait uat"],
      ["Both, ten minutes at most", "$0 wait uat db --timeout 10m"],
    ],
  });

  environments = Option.Rest({ name: "ENV", required: 1 });
  timeout = Option.String("--timeout", { description: "Give up after this long; default: never" });

  protected async perform(): Promise<number> {
    const timeout = this.timeout === undefined ? undefined : parseDuration("--timeout", this.timeout);
    const { locks } = await this.connect();
    const enough = new AbortController();
    const timer = timeout && setTimeout(() => enough.abort("timeout"), Math.min(Number(nanoseconds(timeout)) / 1e6, 0x7fffffff));
    const state = new Map<string, EnvironmentStatus>();
    try {
      await this.watchAll(locks, state, enough);
    } finally {
      clearTimeout(timer);
    }
    this.interruption.throwIfAborted();
    const free = enough.signal.reason === "free";
    const known = [...state.values()];
    if (this.json) this.output.json(CheckResponseSchema, create(CheckResponseSchema, { available: free, environments: known }));
    else if (free) this.output.data(`free: ${this.environments.join(", ")}`);
    if (!free) this.output.word(`call-me: not free after ${this.timeout}: ${this.busy(state).join("; ")}`);
    return free ? EXIT.done : EXIT.notAcquired;
  }

  /** Ends when `enough` is aborted, by the last of them becoming free or by the timeout; throws what a watch throws before that. */
  private async watchAll(locks: Locks, state: Map<string, EnvironmentStatus>, enough: AbortController): Promise<void> {
    const interruption = AbortSignal.any([this.interruption, enough.signal]);
    let said = "";
    const watchOne = async (environment: string) => {
      const tell = (news: string) => this.output.word(news);
      for await (const message of follow({ locks, what: { environment }, since: 0n, pace: this.context.pace, interruption, tell })) {
        for (const status of message.environments) state.set(status.name, status);
        if (this.environments.every((name) => state.get(name)?.available)) enough.abort("free");
        else if (state.size === new Set(this.environments).size && said !== this.busy(state).join("; ")) {
          said = this.busy(state).join("; ");
          this.output.word(`waiting: ${said}`);
        }
      }
    };
    try {
      await Promise.all([...new Set(this.environments)].map(watchOne));
    } catch (error) {
      const ended = enough.signal.aborted;
      enough.abort("failed");
      if (!ended) throw error;
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
