import { RevokeKeyResponseSchema } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { explainUnknown, idIn } from "../../calls/key-id.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";
import { named } from "../../words/keys.ts";

/** `call-me keys revoke`: ends a key for good. */
export class KeysRevokeCommand extends ClientCommand {
  static override paths = [["keys", "revoke"]];
  static override usage = Command.Usage({
    description: "End a key for good",
    details: `
      At once it opens nothing, its streams end, and what it waits for is withdrawn. What it holds stays until it is given back, by the lease's
      own token or by force, or until its time is over; with --force-release it ends as well, and its slots rest. Revoking again is no error.
    `,
    examples: [
      ["By its id, as keys list shows it", "$0 keys revoke 4f1c9x0a2b"],
      ["With all that it holds: the key has leaked", "$0 keys revoke 4f1c9x0a2b --force-release"],
    ],
  });

  keyId = Option.String({ name: "ID" });
  forceRelease = Option.Boolean("--force-release", false, { description: "End what it holds as well" });

  protected async perform(): Promise<number> {
    const { access } = await this.connect();
    const id = idIn(this.keyId);
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const answer = await this.persist(() => access.revokeKey({ id, forceRelease: this.forceRelease }, call)).catch(
      async (error: unknown) => {
        throw await explainUnknown(access, this.keyId, error);
      },
    );
    if (this.json) this.output.json(RevokeKeyResponseSchema, answer);
    else if (answer.key !== undefined) this.output.data(`revoked ${named(answer.key)}`);
    return EXIT.done;
  }
}
