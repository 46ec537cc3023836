import { WhoAmIResponseSchema } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { ClientCommand } from "../base.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command } from "../clipanion.ts";
import { EXIT } from "../exit.ts";
import { selfLines } from "../words/keys.ts";

/** `call-me whoami`: who the server takes us for, and what that allows. */
export class WhoAmICommand extends ClientCommand {
  static override paths = [["whoami"]];
  static override usage = Command.Usage({
    description: "Show who the server takes you for, and what you may do",
    examples: [
      ["With the key in CALL_ME_API_KEY, or the job's own token", "$0 whoami"],
      ["With another key", "$0 whoami --key-file team-a.key"],
    ],
  });

  protected async perform(): Promise<number> {
    const { access } = await this.connect();
    const self = await this.persist(() => access.whoAmI({}, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }));
    if (this.json) this.output.json(WhoAmIResponseSchema, self);
    else for (const line of selfLines(self)) this.output.data(line);
    return EXIT.done;
  }
}
