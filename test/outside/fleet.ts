// A fleet of a server under test, and what becomes of its environments.
import type { Environment } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Clients } from "./clients.ts";

export const NOW = { seconds: 0n, nanos: 0 };
/** Cleaned after each use. */
export const REQUIRED = { cleaning: { required: true }, lockDelay: NOW } as const;

export class Fleet {
  readonly #clients: () => Clients;

  constructor(clients: () => Clients) {
    this.#clients = clients;
  }

  /** A pool of its own, with environments of that configuration. */
  async make(pool: string, names: readonly string[], config: object = REQUIRED): Promise<void> {
    await this.#clients().environments.applyEnvironments({ environments: names.map((name) => ({ name, pool, ...config })) });
  }

  async soil(...names: readonly string[]): Promise<void> {
    for (const environment of names) await this.#clients().environments.setEnvironmentState({ environment, state: EnvironmentState.DIRTY });
  }

  async stateOf(environment: string): Promise<Pick<Environment, "state" | "stateReason">> {
    const { environment: found } = await this.#clients().environments.getEnvironment({ environment });
    if (found === undefined) throw new Error(`no environment ${environment}`);
    return { state: found.state, stateReason: found.stateReason };
  }

  /** Waits until a watch tells that it is in this state, by itself; gives why. */
  async comesTo(environment: string, state: EnvironmentState): Promise<string> {
    for await (const { environments } of this.#clients().locks.watchEnvironment({ environment }, { timeoutMs: 20_000 }))
      if (environments[0]?.state === state) return environments[0].stateReason;
    throw new Error(`the watch of ${environment} has ended`);
  }
}
