import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type WatchEnvironmentResponse, WatchEnvironmentResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type EnvironmentStatus, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { lookMisspelt } from "../calls/briefly.ts";
import { followEnvironments } from "../calls/following.ts";
import { target } from "../calls/target.ts";
import { Command, Option } from "../clipanion.ts";
import { Failure } from "../exit.ts";
import { changeOf, timeOf } from "../words/change.ts";
import { clockTime } from "../words/clock.ts";

/** `call-me watch`: the present state, then each change, until interrupted. */
export class WatchCommand extends ClientCommand {
  static override paths = [["watch"]];
  static override usage = Command.Usage({
    description: "Follow an environment, a pool, or all that you see",
    details:
      "Without ENV, --pool and -l: all environments that you may see. Prints the present state and then a line per change, until interrupted. A lost connection is taken up again without a gap.",
    examples: [
      ["Follow everything", "$0 watch"],
      ["Follow uat", "$0 watch uat"],
      ["Follow those of a pool that have a label", "$0 watch --pool staging -l tier=uat"],
      ["As NDJSON, from a revision seen before", "$0 watch uat --json --since 1767225600000000"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  pool = Option.String("--pool", { description: "All environments of this pool instead" });
  selector = Option.String("-l,--selector", {
    description: "Those with these labels instead, such as tier=uat,!gpu; of --pool, or of default",
  });
  since = Option.String("--since", { description: "Resume after this revision of an earlier watch" });

  /** Each environment as it was told last. */
  private readonly told = new Map<string, EnvironmentStatus>();
  /** The names in a present state that is being told. */
  private there: ReadonlySet<string> | undefined;

  protected async perform(): Promise<number> {
    const what = this.isOfAll ? {} : target(this);
    if (this.isOfAll && this.since !== undefined)
      throw Failure.usage("--since is for a watch of ENV, --pool or --selector; name one of them");
    if (!/^\d*$/.test(this.since ?? "")) throw Failure.usage(`--since ${JSON.stringify(this.since)} is no revision; it is a whole number`);
    const { locks } = await this.connect();
    if (this.environment !== undefined) void lookMisspelt(locks, [this.environment], this.output);
    const { pace } = this.context;
    const tell = (news: string) => this.output.word(news);
    const since = BigInt(this.since ?? 0);
    const messages = followEnvironments(locks, { what, since }, { pace, interruption: this.interruption, tell });
    for await (const message of messages) {
      this.show(message);
      await this.output.room(this.interruption);
    }
    throw new Error("a watch ends by interruption only");
  }

  private get isOfAll(): boolean {
    return this.environment === undefined && this.pool === undefined && this.selector === undefined;
  }

  private show(message: WatchEnvironmentResponse): void {
    if (this.json) this.output.jsonLine(WatchEnvironmentResponseSchema, message);
    else this.showLines(message);
  }

  private showLines(message: WatchEnvironmentResponse): void {
    if (message.reset && !this.isOfAll) this.output.word("changes before this were missed: the revision is too old or unknown");
    const time = timeOf(message);
    const stamp = this.output.onScreen ? clockTime(time) : timestampDate(time).toISOString();
    for (const name of this.missingIn(message)) {
      this.output.entry(`${stamp}  ${name}  is gone: deleted, or not one of them any more`);
      this.told.delete(name);
    }
    for (const status of message.environments) {
      this.output.entry(`${stamp}  ${status.name}  ${changeOf(message, status, this.told.get(status.name))}`);
      if (status.deleted || status.left) this.told.delete(status.name);
      else this.told.set(status.name, status);
    }
  }

  /** What was told before, and has gone while the reader was slow or out of contact: all that there is, has been told. */
  private missingIn({ kind, skipped, environments }: WatchEnvironmentResponse): string[] {
    if (kind === WatchKind.SNAPSHOT || skipped) this.there = new Set([...(this.there ?? []), ...environments.map(({ name }) => name)]);
    // Of everything the present state comes in parts, with a HEARTBEAT behind them.
    if (this.there === undefined || (this.isOfAll && kind !== WatchKind.HEARTBEAT)) return [];
    const { there } = this;
    this.there = undefined;
    return [...this.told.keys()].filter((name) => !there.has(name));
  }
}
