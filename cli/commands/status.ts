import { create } from "@bufbuild/protobuf";
import { CheckResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { allPages } from "../calls/pages.ts";
import { type Target, target } from "../calls/target.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT } from "../exit.ts";
import { expected } from "../words/expected.ts";
import { tellMisspelt } from "../words/misspelt.ts";
import { overview } from "../words/overview.ts";

/** Of how many who are next it asks when it may be their turn. */
const ASKED = 20;

/** `call-me status`: every environment, who is on it for how long and until when, how many wait and who is next. */
export class StatusCommand extends ClientCommand {
  static override paths = [["status"]];
  static override usage = Command.Usage({
    description: "Show the environments: their state, who holds them for how long and until when, from which run, who is next",
    details: "Shows all environments of the server unless one, or a pool, is named. Always ends with 0; `check` tells by its exit code.",
    examples: [
      ["All of them", "$0 status"],
      ["One", "$0 status uat"],
      ["Those of a pool, as JSON", "$0 status --pool staging --json"],
      ["Those with a label, in all pools", "$0 status -l tier=uat"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  pool = Option.String("--pool", { description: "Only those of this pool" });
  selector = Option.String("-l,--selector", { description: "Only those with these labels, such as tier=uat,!gpu" });

  protected async perform(): Promise<number> {
    const environments = await this.look();
    if (this.json) {
      const available = environments.some((status) => status.available);
      this.output.json(CheckResponseSchema, create(CheckResponseSchema, { available, environments }));
    } else {
      this.output.table(overview(environments, await this.turns(environments)));
    }
    return EXIT.done;
  }

  /** When those who are next may have their turn, of not too many. */
  private async turns(statuses: readonly EnvironmentStatus[]): Promise<ReadonlyMap<string, string>> {
    const ids = statuses.flatMap(({ next }) => (next === undefined ? [] : [next.leaseId]));
    if (ids.length === 0 || ids.length > ASKED) return new Map();
    const { locks } = await this.connect();
    const ask = async (leaseId: string) => {
      // It may be gone by now, and the table does without.
      const answer = await locks.getLease({ leaseId }, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }).catch(() => undefined);
      return [leaseId, answer?.lease === undefined ? "" : expected(answer.lease)] as const;
    };
    return new Map(await Promise.all(new Set(ids).values().map(ask)));
  }

  private async look(): Promise<EnvironmentStatus[]> {
    const { locks, environments } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const check = (what: Target) => this.persist(() => locks.check(what, call));
    if (this.environment !== undefined || this.pool !== undefined) {
      const answer = await check(target(this));
      tellMisspelt(this.output, answer.misspellings);
      return answer.environments;
    }
    const pages = await allPages((page) => this.persist(() => environments.listEnvironments(page, call)));
    const pools = new Set(pages.flatMap((page) => page.environments.map(({ pool }) => pool)));
    const answers = await Promise.all([...pools].map((pool) => check({ pool, selector: this.selector ?? "" })));
    return answers.flatMap((answer) => answer.environments).sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
