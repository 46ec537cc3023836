/** What operators do, and whoever gives back what stands under a name. */
import { commandOf } from "./client.ts";
import type { Clients } from "./clients.ts";
import type { Judge } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { count, expectThat } from "./seen.ts";
import { type OperatorStep, POOLS, poolOf } from "./steps.ts";

const BY = { principal: "admin" };

export class Operators {
  readonly #machine: Machine;
  readonly #judge: Judge;
  readonly #clients: Clients;

  constructor(machine: Machine, judge: Judge, clients: Clients) {
    this.#machine = machine;
    this.#judge = judge;
    this.#clients = clients;
  }

  async take(step: OperatorStep): Promise<void> {
    const { engine } = this.#machine;
    if (step.what === "force") {
      const lease = this.#clients.at(step.who)?.lease;
      if (lease !== undefined)
        await this.#judge.forgive(engine.submitFor(lease, { type: "forceRelease", by: BY, lease, reason: "it is in the way" }));
      return;
    }
    const { environment } = step;
    const pool = poolOf(environment);
    if (step.what === "releaseByName") await this.#releaseByName(pool, step);
    else if (step.what === "resize") await this.#resize(pool, step);
    else if (step.what === "delete") await this.#judge.forgive(engine.submit(pool, { type: "delete", by: BY, environment }));
    // As the engine does it when there are too many environments.
    else if (step.what === "forget") await this.#judge.forgive(engine.submit(pool, { type: "forget", count: 1 }));
    else if (step.what === "state") {
      const until = step.span === 0 ? {} : { until: engine.views.now() + step.span };
      await this.#judge.forgive(engine.submit(pool, { type: "setState", by: BY, environment, state: step.state, reason: "", ...until }));
    }
  }

  async #resize(pool: string, { environment: name, capacity, cooldown }: OperatorStep & { what: "resize" }): Promise<void> {
    const config = { name, pool, description: "", labels: {}, capacity, links: {}, ...(cooldown > 0 && { cooldown }) };
    await this.#judge.forgive(this.#machine.engine.submit(pool, { type: "apply", by: BY, environments: [config], prune: false }));
  }

  /** Everything is in service again. */
  async openAll(): Promise<void> {
    for (const environment of Object.values(POOLS).flat()) await this.take({ what: "state", environment, state: "AVAILABLE", span: 0 });
  }

  /** Rule 7: it ends only what its caller must mean. */
  async #releaseByName(pool: string, { environment, who, keyed }: OperatorStep & { what: "releaseByName" }): Promise<void> {
    const requestId = keyed ? this.#clients.at(who)?.command.requestId : undefined;
    const named = requestId === undefined ? {} : { requestId };
    const given = { by: BY, environment, outcome: "OK", note: "", ...named } as const;
    const reply = await this.#judge.forgive(this.#machine.engine.submit(pool, { type: "releaseByEnvironment", ...given }));
    const lease = reply?.ok ? reply.lease : undefined;
    if (lease === undefined) return;
    count("released by name");
    const client = this.#judge.clients.get(commandOf(lease.id));
    const meant = requestId === undefined ? client?.anonymous : requestId === client?.command.requestId;
    this.#judge.noting(() => expectThat(meant === true, `${lease.id} was released by somebody who cannot have meant it`));
  }
}
