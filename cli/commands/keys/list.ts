import { create } from "@bufbuild/protobuf";
import { ListKeysResponseSchema } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { allKeys } from "../../calls/key-id.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT } from "../../exit.ts";
import { keyTable } from "../../words/keys.ts";

/** `call-me keys list`: which keys there are, what they allow, and which are still used. */
export class KeysListCommand extends ClientCommand {
  static override paths = [["keys", "list"]];
  static override usage = Command.Usage({
    description: "List keys: what they allow, when they were made and last used, and when they expire",
    details: "Oldest first. No secret is shown: the server does not have it.",
    examples: [
      ["Those that were not revoked", "$0 keys list"],
      ["All of them, as JSON", "$0 keys list --all --json"],
    ],
  });

  all = Option.Boolean("--all", false, { description: "Also those that were revoked" });

  protected async perform(): Promise<number> {
    const { access } = await this.connect();
    const known = await allKeys(access, (ask) => this.persist(ask));
    const keys = known.filter(({ revokedAt }) => this.all || revokedAt === undefined);
    if (this.json) this.output.json(ListKeysResponseSchema, create(ListKeysResponseSchema, { keys }));
    else if (keys.length > 0) this.output.table(keyTable(keys));
    else this.output.word("there is no key; call-me keys create makes one");
    const left = known.length - keys.length;
    if (left > 0) this.output.word(`${left === 1 ? "one more was" : `${left} more were`} revoked; --all shows them`);
    return EXIT.done;
  }
}
