import { create } from "@bufbuild/protobuf";
import { ListNoticesResponseSchema } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { allPages } from "../../calls/pages.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";
import { deadTable, receiverTable } from "../../words/notices.ts";

/** `call-me notices list`: how the receivers of notices are doing, and what could not be delivered. */
export class NoticesListCommand extends ClientCommand {
  static override paths = [["notices", "list"]];
  static override usage = Command.Usage({
    description: "Show how the receivers of notices are doing, and the notices that were given up",
    details: `
      What waits is tried again by itself, for a day. What was given up stays here, the newest 10,000, and \`notices retry ID\` tries one once more.
      Of a receiver's URL only the host is shown, as the rest can be secret.
    `,
    examples: [
      ["Both", "$0 notices list"],
      ["The ids of what was given up", "$0 notices list --json | jq -r '.notices[].id'"],
    ],
  });

  protected async perform(): Promise<number> {
    const { insight } = await this.connect();
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const pages = await allPages((page) => this.persist(() => insight.listNotices(page, call)));
    const notices = pages.flatMap((page) => page.notices);
    const receivers = pages[0]?.receivers ?? [];
    if (this.json) this.output.json(ListNoticesResponseSchema, create(ListNoticesResponseSchema, { notices, receivers }));
    else if (receivers.length + notices.length === 0)
      this.output.word("nobody is told of anything: the server has no CALL_ME_NOTICES, or no rules in it");
    else {
      if (receivers.length > 0) this.output.table(receiverTable(receivers));
      if (notices.length > 0) this.output.table(deadTable(notices));
      else this.output.word("no notice was given up");
    }
    return EXIT.done;
  }
}
