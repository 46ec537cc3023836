import { reasonOf } from "../../../clients/ts/src/errors.ts";
import { CreateKeyResponseSchema, type Grant, type Key } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { OutcomeUnknown, unlessUnknown } from "../../calls/outcome.ts";
import { SecretOutlet } from "../../calls/secret.ts";
import { type Access, CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { clockTime } from "../../words/clock.ts";
import { parseDuration } from "../../words/duration.ts";
import { grantOf, readGrant, writeGrant } from "../../words/grants.ts";
import { named } from "../../words/keys.ts";

/** `call-me keys create`: a key for somebody, with what it allows; its secret goes to stdout alone, or into a file. */
export class KeysCreateCommand extends ClientCommand {
  static override paths = [["keys", "create"]];
  static override usage = Command.Usage({
    description: "Make a key, for a team's pipelines, a dashboard or a person; its secret is shown this once",
    details: `
      LABEL says who it is for, in words: it stands beside the key wherever that is shown. --role is view (look), use (take and give back),
      reserve (use, and reserve for later), operate (set states, end leases by force), clean, or admin; --on says of which environments:
      names or patterns, with a pool as in 'boards:*'. The star is any characters but a slash; alone it is everything.

      The secret goes to stdout, and nothing else does; --out writes it into a new file that only you can read.
    `,
    examples: [
      ["For a team's pipelines", "$0 keys create 'team a' --role use --on 'team-a/*'"],
      ["For a dashboard, into a file", "$0 keys create dashboard --role view --on '*' --out dashboard.key"],
      ["With bounds, for 90 days", "$0 keys create 'team b' --role use --on 'b-*,shared-*' --max-hold 2h --max-leases 5 --ttl 90d"],
      ["With several grants", "$0 keys create ops --role operate --on '*' --grant 'use:uat-*;max-priority=0' --grant 'clean:boards:*'"],
      ["Into a variable", 'KEY="$($0 keys create ci --role use --on uat)"'],
    ],
  });

  label = Option.String({ name: "LABEL" });
  roles = Option.Array("--role", [], { description: "What it allows: view, use, reserve, operate, clean or admin" });
  on = Option.Array("--on", [], { description: "On what: environments, patterns or POOL:PATTERN, with commas; may be repeated" });
  maxHold = Option.String("--max-hold", { description: "No lease of it is held for longer: 2h; default: as the environment lets" });
  maxPriority = Option.String("--max-priority", { description: "No request of it has a higher priority; default: any" });
  maxLeases = Option.String("--max-leases", {
    description: "So many leases at once, waiting ones included; default: what the server lets anybody have",
  });
  grants = Option.Array("--grant", [], {
    description: "A further grant: 'use:team-a/*,shared-*', or with bounds 'use:uat;max-hold=2h'; may be repeated",
  });
  ttl = Option.String("--ttl", { description: "It expires after this long: 90d; default: never" });
  out = Option.String("--out", { description: "Write the secret into this new file, which only you can read, and not to stdout" });

  protected async perform(): Promise<number> {
    const grants = this.granted();
    this.warnOfBrackets(grants);
    const ttl = this.ttl === undefined ? undefined : parseDuration("--ttl", this.ttl);
    const { access } = await this.connect();
    await using outlet = await SecretOutlet.open(this.output, this.interruption, this.out);
    const request = { label: this.label, grants, ...(ttl && { ttl }) };
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    const made = this.persist(() => access.createKey(request, call).catch(unlessUnknown));
    const answer = await made.catch((error: unknown) => {
      throw this.explained(error);
    });
    const { key, secret } = answer;
    if (key === undefined) throw new Failure(EXIT.error, "the server answered without a key");
    const shown = { ...answer, secret: outlet.isStdout ? secret : "" };
    try {
      await outlet.put(secret, this.json ? () => this.output.json(CreateKeyResponseSchema, shown) : undefined);
    } catch (error) {
      await this.takeBack(access, key);
      throw error;
    }
    this.tell(key, outlet.place);
    return EXIT.done;
  }

  private granted(): Grant[] {
    const { maxHold, maxPriority, maxLeases, on } = this;
    const [role, ...others] = this.roles;
    if (others.length > 0)
      throw Failure.usage(`give --role once, and each further one as a grant with what it is for: --grant '${others[0]}:team-a/*'`);
    const further = this.grants.map(readGrant);
    if (role !== undefined) return [grantOf({ role, on, maxHold, maxPriority, maxLeases }), ...further];
    if (further.length === 0)
      throw Failure.usage("say what it allows: --role use --on 'team-a/*', or --role admin --on '*' for everything");
    const loose = { "--on": on.at(0), "--max-hold": maxHold, "--max-priority": maxPriority, "--max-leases": maxLeases };
    const [name] = Object.entries(loose).find(([, value]) => value !== undefined) ?? [];
    if (name !== undefined) throw Failure.usage(`${name} goes with --role; within --grant write it as in 'use:team-a/*;max-hold=2h'`);
    return further;
  }

  /** Names of the original API may have them, so that they are no error. */
  private warnOfBrackets(grants: readonly Grant[]): void {
    for (const pattern of grants.flatMap(({ patterns }) => patterns)) {
      const [sign] = /[[\](){}|]/.exec(pattern) ?? [];
      if (sign !== undefined)
        this.output.word(
          `${JSON.stringify(pattern)} is a pattern in which only * and ? mean something: ${sign} stands for itself, and for no choice`,
        );
    }
  }

  private explained(error: unknown): unknown {
    if (reasonOf(error) === "LAST_ADMIN")
      this.output.word(`make the administrators' key first: call-me keys create admin --role admin --on '*'`);
    if (!(error instanceof OutcomeUnknown)) return error;
    this.output.word(`if a key was made, nobody has its secret: call-me keys list shows it as ${JSON.stringify(this.label)}; revoke it`);
    return error.cause;
  }

  /** Nobody has its secret, so it would only be in the way. */
  private async takeBack(access: Access, { id }: Key): Promise<void> {
    try {
      await this.persist(() => access.revokeKey({ id }, { timeoutMs: CALL_TIMEOUT }));
      this.output.word(`its secret could not be written, so key ${id} is revoked`);
    } catch {
      this.output.word(`its secret could not be written; revoke it with call-me keys revoke ${id}`);
    }
  }

  private tell(key: Key, place: string): void {
    const until = key.expiresAt === undefined ? "it does not expire" : `until ${clockTime(key.expiresAt)}`;
    this.output.word(`made ${named(key)}: ${key.grants.map(writeGrant).join(" ")}; ${until}`);
    this.output.word(
      `its secret is ${place}, and cannot be shown again: give it to who calls as CALL_ME_API_KEY, as a masked secret of CI`,
    );
  }
}
