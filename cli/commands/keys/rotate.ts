import { type Key, RotateKeyResponseSchema } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { explainUnknown, idIn } from "../../calls/key-id.ts";
import { OutcomeUnknown, unlessUnknown } from "../../calls/outcome.ts";
import { SecretOutlet } from "../../calls/secret.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { clockTime } from "../../words/clock.ts";
import { parseDuration } from "../../words/duration.ts";
import { named } from "../../words/keys.ts";

/** `call-me keys rotate`: a new secret for a key; the one before it works on for a while. */
export class KeysRotateCommand extends ClientCommand {
  static override paths = [["keys", "rotate"]];
  static override usage = Command.Usage({
    description: "Give a key a new secret; the one before works on meanwhile, so that no call fails",
    details: `
      Change over who uses the key before the overlap is over. --overlap 0s ends the secret before at once, as for one that was leaked. A secret
      that nobody has used yet, such as one that got lost, is replaced without a look at the one before it.
    `,
    examples: [
      ["The secret before works for another day", "$0 keys rotate 4f1c9x0a2b"],
      ["For a week, into a file", "$0 keys rotate 4f1c9x0a2b --overlap 7d --out team-a.key"],
      ["It was leaked", "$0 keys rotate 4f1c9x0a2b --overlap 0s"],
    ],
  });

  keyId = Option.String({ name: "ID" });
  overlap = Option.String("--overlap", {
    description: "How long the secret before still works: up to 30d, 0s for not at all; default 24h",
  });
  out = Option.String("--out", { description: "Write the secret into this new file, which only you can read, and not to stdout" });

  protected async perform(): Promise<number> {
    const overlap = this.overlap === undefined ? undefined : parseDuration("--overlap", this.overlap);
    const { access } = await this.connect();
    await using outlet = await SecretOutlet.open(this.output, this.interruption, this.out);
    const request = { id: idIn(this.keyId), ...(overlap && { overlap }) };
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const rotated = this.persist(() => access.rotateKey(request, call).catch(unlessUnknown));
    const answer = await rotated.catch(async (error: unknown) => {
      if (!(error instanceof OutcomeUnknown)) throw await explainUnknown(access, this.keyId, error);
      this.output.word(`if it was rotated, nobody has the new secret; ${AGAIN}`);
      throw error.cause;
    });
    const { key, secret } = answer;
    if (key === undefined) throw new Failure(EXIT.error, "the server answered without a key");
    const shown = { ...answer, secret: outlet.isStdout ? secret : "" };
    try {
      await outlet.put(secret, this.json ? () => this.output.json(RotateKeyResponseSchema, shown) : undefined);
    } catch (error) {
      this.output.word(`${named(key)} was rotated, and its new secret could not be written; ${AGAIN}`);
      throw error;
    }
    this.tell(key, outlet.place);
    return EXIT.done;
  }

  private tell(key: Key, place: string): void {
    const { rotatingUntil } = key;
    const before =
      rotatingUntil === undefined
        ? "the one before works no more"
        : `the one before works until ${clockTime(rotatingUntil)}: change over until then`;
    this.output.word(`rotated ${named(key)}: its new secret is ${place}, and cannot be shown again; ${before}`);
  }
}

const AGAIN = "rotate it again, with an overlap: the secret that is in use stays good meanwhile";
