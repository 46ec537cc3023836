import { CheckResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { ClientCommand } from "../base.ts";
import { target } from "../calls/target.ts";
import { CALL_TIMEOUT } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT } from "../exit.ts";
import { tellMisspelt } from "../words/misspelt.ts";
import { overview } from "../words/overview.ts";

/** `call-me check`: the present state, as an exit code and as a table. */
export class CheckCommand extends ClientCommand {
  static override paths = [["check"]];
  static override usage = Command.Usage({
    description: "Tell whether an environment is free, and who is on it",
    details: "Exit code 0: an acquire would be granted now. 4: it is busy. Nothing is created or taken.",
    examples: [
      ["Is uat free?", "$0 check uat"],
      ["All environments of a pool", "$0 check --pool staging"],
      ["Is any of those free that have these labels?", "$0 check -l 'tier=uat,!gpu'"],
    ],
  });

  environment = Option.String({ name: "ENV", required: false });
  pool = Option.String("--pool", { description: "All environments of this pool instead" });
  selector = Option.String("-l,--selector", {
    description: "Those with these labels instead, such as tier=uat,!gpu; of --pool, or of default",
  });

  protected async perform(): Promise<number> {
    const request = target(this);
    const { locks } = await this.connect();
    const answer = await this.persist(() => locks.check(request, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }));
    tellMisspelt(this.output, answer.misspellings);
    if (this.json) this.output.json(CheckResponseSchema, answer);
    else this.output.table(overview(answer.environments));
    return answer.available ? EXIT.done : EXIT.notAcquired;
  }
}
