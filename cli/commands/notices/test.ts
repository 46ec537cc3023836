import { TestNoticesResponseSchema } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";
import { receiverOf } from "../../words/notices.ts";

/** `call-me notices test`: sends a test to receivers, and tells what became of it. */
export class NoticesTestCommand extends ClientCommand {
  static override paths = [["notices", "test"]];
  static override usage = Command.Usage({
    description: "Send a test to the receivers of notices",
    details: `
      The server sends a notice of type notices.test, at once and once, signed as all others are. Exit code 1: one has not arrived, and the line says
      why; or there is nobody to test.
    `,
    examples: [
      ["To the receivers of all rules", "$0 notices test"],
      ["To that of one", "$0 notices test --rule on-call"],
      ["To a URL such as acquire --notify may name", "$0 notices test --notify https://ci.example.com/hooks/uat"],
    ],
  });

  rule = Option.String("--rule", "", { description: "Only to the receiver of this rule" });
  notify = Option.String("--notify", "", { description: "To this URL in place of rules; notify: in the server's file has to allow it" });

  protected async perform(): Promise<number> {
    const { insight } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const answer = await this.persist(() => insight.testNotices({ rule: this.rule, url: this.notify }, call));
    if (this.json) this.output.json(TestNoticesResponseSchema, answer);
    else if (answer.tests.length === 0)
      this.output.word(
        "nobody is told of anything: the server has no CALL_ME_NOTICES, or no rules in it; --notify tests what leases may name",
      );
    else for (const test of answer.tests) this.output.data(`${receiverOf(test)}: ${test.delivered ? "delivered" : test.why}`);
    return answer.tests.length > 0 && answer.tests.every(({ delivered }) => delivered) ? EXIT.done : EXIT.error;
  }
}
