import type { Clean, Outcome, Reply, SetState } from "../../src/core/command.ts";
import type { EnvironmentConfig } from "../../src/core/model/environment.ts";
import { statusOf } from "../../src/core/view.ts";
import { ADMIN, cleanCommand, MINUTE, World } from "./world.ts";

/** Cleaned after each use, within ten minutes. */
export const CLEANED = { cleaning: { required: true, timeout: 10 * MINUTE } };

/** A pool of environments that are used, cleaned, and put aside. */
export class Fleet extends World {
  constructor(environments: Record<string, Partial<EnvironmentConfig>>) {
    super();
    this.apply(environments);
  }

  clean(id: string, more: Partial<Clean> = {}): Reply {
    return this.do(cleanCommand(id, more));
  }

  giveBack(lease: string, outcome: Outcome = "OK", note = ""): Reply {
    return this.do({ type: "release", by: ADMIN, lease, outcome, note });
  }

  set(environment: string, state: SetState["state"], span?: number): Reply {
    const until = span === undefined ? {} : { until: this.at + span };
    return this.do({ type: "setState", by: ADMIN, environment, state, reason: "by hand", ...until });
  }

  stateOf(name: string): string {
    return statusOf(this.pool, name).state;
  }

  reasonOf(name: string): string {
    return statusOf(this.pool, name).stateReason;
  }
}
