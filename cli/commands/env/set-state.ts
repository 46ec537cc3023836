import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { SetEnvironmentStateResponseSchema } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState, EnvironmentStateSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../../base.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { clockTime, nextTime } from "../../words/clock.ts";
import { nanoseconds, parseDuration } from "../../words/duration.ts";
import { spoken } from "../../words/phrases.ts";

const STATES: Readonly<Record<string, EnvironmentState>> = {
  available: EnvironmentState.AVAILABLE,
  draining: EnvironmentState.DRAINING,
  maintenance: EnvironmentState.MAINTENANCE,
  dirty: EnvironmentState.DIRTY,
  quarantined: EnvironmentState.QUARANTINED,
};

/** `call-me env set-state`: takes an environment out of service, or back into it. */
export class EnvSetStateCommand extends ClientCommand {
  static override paths = [["env", "set-state"]];
  static override usage = Command.Usage({
    description: "Take an environment out of service, or back into it",
    details: `
      STATE is available, draining, maintenance, dirty or quarantined. Who holds it may finish; who waits keeps the place in line. \`available\`
      says that it is fit for use, also where it was dirty; \`dirty\` that a cleaner is to have it (see \`env clean\`).
    `,
    examples: [
      ["For two hours", "$0 env set-state uat maintenance --reason 'database upgrade' --for 2h"],
      ["Until it is five", "$0 env set-state uat maintenance --until 17:00"],
      ["Until a point in time", "$0 env set-state uat draining --until 2026-12-24T18:00:00Z"],
      ["Back again", "$0 env set-state uat available"],
    ],
  });

  environment = Option.String({ name: "ENV" });
  state = Option.String({ name: "STATE" });
  reason = Option.String("--reason", { description: "Why; those who wait see it" });
  until = Option.String("--until", {
    description: "When it becomes available by itself: 17:00, the next by this machine's clock, or 2026-12-24T18:00:00Z",
  });
  for = Option.String("--for", { description: "The same, counted from now by this machine's clock: 2h" });

  protected async perform(): Promise<number> {
    const state = Object.hasOwn(STATES, this.state.toLowerCase()) ? STATES[this.state.toLowerCase()] : undefined;
    if (state === undefined) throw Failure.usage(`STATE ${JSON.stringify(this.state)} is none of ${Object.keys(STATES).join(", ")}`);
    const until = this.readUntil();
    const request = { environment: this.environment, state, reason: this.reason ?? "", ...(until && { until }) };
    const { environments } = await this.connect();
    const answer = await this.persist(() =>
      environments.setEnvironmentState(request, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }),
    );
    if (this.json) this.output.json(SetEnvironmentStateResponseSchema, answer);
    else if (answer.environment !== undefined) {
      const { name, state: now, stateUntil } = answer.environment;
      this.output.data(
        `${name} is ${spoken(EnvironmentStateSchema, now)}${stateUntil === undefined ? "" : ` until ${clockTime(stateUntil)}`}`,
      );
    }
    return EXIT.done;
  }

  private readUntil(): Timestamp | undefined {
    if (this.until !== undefined && this.for !== undefined) throw Failure.usage("give --until or --for, not both");
    if (this.for !== undefined) return timestampFromMs(Date.now() + Number(nanoseconds(parseDuration("--for", this.for)) / 1_000_000n));
    if (this.until === undefined) return undefined;
    const dated = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/i.test(this.until) ? Date.parse(this.until) : Number.NaN;
    const time = nextTime(this.until)?.getTime() ?? dated;
    if (Number.isNaN(time))
      throw Failure.usage(
        `--until ${JSON.stringify(this.until)} is no time; write it like 17:00 or 2026-12-24T18:00:00Z, or give --for, e.g. --for 2h`,
      );
    return timestampFromMs(time);
  }
}
