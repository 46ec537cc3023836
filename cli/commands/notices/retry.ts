import { RetryNoticeResponseSchema } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { whichDead } from "../../calls/dead-notices.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";

/** `call-me notices retry`: has notices tried once more that were given up. */
export class NoticesRetryCommand extends ClientCommand {
  static override paths = [["notices", "retry"]];
  static override usage = Command.Usage({
    description: "Try notices once more that were given up",
    details: "Each is tried behind all others to its receiver, for a day again. Exit code 1: there was none.",
    examples: [
      ["By its id, as notices list shows it", "$0 notices retry msg_3fQ…"],
      ["Those to a receiver that was mended", "$0 notices retry --rule on-call"],
      ["All of them", "$0 notices retry --all"],
    ],
  });

  noticeId = Option.String({ name: "ID", required: false });
  rule = Option.String("--rule", { description: "Those to the receiver of this rule" });
  all = Option.Boolean("--all", false, { description: "All of them" });

  protected async perform(): Promise<number> {
    const which = whichDead(this.noticeId, this.rule, this.all);
    const { insight } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    // Asked again after a lost answer, it waits already.
    const answer = await this.persist(() => insight.retryNotice(which, call));
    if (this.json) this.output.json(RetryNoticeResponseSchema, answer);
    else if (answer.retried)
      this.output.word(
        `${answer.count === 1 ? "it is" : `${answer.count} are`} tried once more; call-me notices list shows what becomes of ${answer.count === 1 ? "it" : "them"}`,
      );
    else {
      const what = this.noticeId === undefined ? "such notice" : `notice ${JSON.stringify(this.noticeId)}`;
      this.output.word(`no ${what} was given up, or it waits again already; call-me notices list shows the ids`);
    }
    return answer.retried ? EXIT.done : EXIT.error;
  }
}
