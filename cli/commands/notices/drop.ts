import { DropNoticesResponseSchema } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { whichDead } from "../../calls/dead-notices.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";

/** `call-me notices drop`: forgets notices that were given up. */
export class NoticesDropCommand extends ClientCommand {
  static override paths = [["notices", "drop"]];
  static override usage = Command.Usage({
    description: "Forget notices that were given up",
    details: "They are no longer listed, and can be tried no more. Exit code 1: there was none.",
    examples: [
      ["By its id, as notices list shows it", "$0 notices drop msg_3fQ…"],
      ["Those of a receiver that is gone", "$0 notices drop --rule old-chat"],
      ["All of them", "$0 notices drop --all"],
    ],
  });

  noticeId = Option.String({ name: "ID", required: false });
  rule = Option.String("--rule", { description: "Those to the receiver of this rule" });
  all = Option.Boolean("--all", false, { description: "All of them" });

  protected async perform(): Promise<number> {
    const which = whichDead(this.noticeId, this.rule, this.all);
    const { insight } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const answer = await this.persist(() => insight.dropNotices(which, call));
    if (this.json) this.output.json(DropNoticesResponseSchema, answer);
    else this.output.word(answer.count === 0 ? "no such notice was given up" : `forgotten: ${answer.count}`);
    return answer.count > 0 ? EXIT.done : EXIT.error;
  }
}
