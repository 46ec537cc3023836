import { RetryNoticeResponseSchema } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";

/** `call-me notices retry`: has a notice tried once more that was given up. */
export class NoticesRetryCommand extends ClientCommand {
  static override paths = [["notices", "retry"]];
  static override usage = Command.Usage({
    description: "Try a notice once more that was given up",
    details: "It is tried behind all others to its receiver. If it fails again and is older than a day, it is given up again.",
    examples: [["By its id, as notices list shows it", "$0 notices retry msg_3fQ…"]],
  });

  noticeId = Option.String({ name: "ID" });

  protected async perform(): Promise<number> {
    const { insight } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    // Asked again after a lost answer, it waits already.
    const answer = await this.persist(() => insight.retryNotice({ id: this.noticeId }, call));
    if (this.json) this.output.json(RetryNoticeResponseSchema, answer);
    else if (answer.retried) this.output.word("it is tried once more; call-me notices list shows what becomes of it");
    else
      this.output.word(
        `no notice ${JSON.stringify(this.noticeId)} was given up, or it waits again already; call-me notices list shows the ids`,
      );
    return answer.retried ? EXIT.done : EXIT.error;
  }
}
