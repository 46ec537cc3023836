import { DeleteEnvironmentResponseSchema } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";

/** `call-me env delete`: never repeated by itself, since a second try would miss what the first one deleted. */
export class EnvDeleteCommand extends ClientCommand {
  static override paths = [["env", "delete"]];
  static override usage = Command.Usage({
    description: "Remove an environment that nobody holds",
    details: "Those who wait for it are told that it can never be granted.",
    examples: [["Remove uat", "$0 env delete uat"]],
  });

  environment = Option.String({ name: "ENV" });

  protected async perform(): Promise<number> {
    const { environments } = await this.connect();
    const answer = await environments.deleteEnvironment(
      { environment: this.environment },
      { timeoutMs: CALL_TIMEOUT, signal: this.interruption },
    );
    if (this.json) this.output.json(DeleteEnvironmentResponseSchema, answer);
    else this.output.data(`deleted environment: ${this.environment}`);
    return EXIT.done;
  }
}
