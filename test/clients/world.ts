// What a scenario has to play with.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GrantSchema } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { Network } from "../cli/network.ts";
import { startLater } from "../compat/later-server.ts";
import { type Address, type Clients, clientsOf, leaseIn, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import type { Command } from "./languages.ts";
import { ScriptedServer } from "./scripted.ts";
import { PATIENCE, Testee } from "./testee.ts";

/** What an environment is given. */
interface Configured {
  readonly labels?: Record<string, string>;
  readonly capacity?: number;
  readonly variables?: Variables;
  readonly slotVariables?: { variables: Variables }[];
}

type Variables = Record<string, { value?: string; fromEnv?: string; secret?: boolean }>;

/** What the server's environment has for those whose variables are secret. */
export const SECRETS = { CALL_ME_SECRET_PASSWORD: "hunter2-äöü", CALL_ME_SECRET_SERIAL: "serial-of-slot-1" };

const STATES = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD, LeaseState.ENDED];

/** A server, a testee that talks to it, and an environment that nobody else knows. What is made here is gone after the scenario. */
export class World {
  readonly server: Server;
  readonly testee: Testee;
  /** A free environment, of this scenario alone. More of them: add to the name. */
  readonly environment: string;
  readonly clients: Clients;
  readonly #command: Command;
  readonly #leftovers: (() => Promise<void>)[] = [];
  readonly #testees: Testee[] = [];

  constructor(server: Server, testee: Testee, command: Command, environment: string) {
    this.server = server;
    this.testee = testee;
    this.environment = environment;
    this.clients = clientsOf(server);
    this.#command = command;
  }

  /** Another testee, which uses the server with another key, or by another way, or has these variables more. */
  another(at: Partial<Address>, env: Readonly<Record<string, string>> = {}): Testee {
    const command = { ...this.#command, env: { ...this.#command.env, ...env } };
    const testee = new Testee(command, { url: at.url ?? this.server.url, key: at.key ?? this.server.key });
    this.#leftovers.push(() => testee.kill());
    this.#testees.push(testee);
    return testee;
  }

  /** A testee with a key of its own, which allows this. */
  async withKey(grant: MessageInitShape<typeof GrantSchema>): Promise<Testee> {
    const { secret } = await this.clients.access.createKey({ label: this.environment, grants: [grant] });
    return this.another({ key: secret });
  }

  /** A testee behind a network of its own, which can fail. */
  async behind(): Promise<{ network: Network; testee: Testee }> {
    const network = await Network.start(this.server.port);
    this.#leftovers.push(() => network[Symbol.asyncDispose]());
    return { network, testee: this.another({ url: network.url }) };
  }

  /** The same with a server and a testee of its own: for those who kill the server. */
  async apart(): Promise<World> {
    const server = await Server.start();
    this.#leftovers.push(() => server[Symbol.asyncDispose]());
    const testee = this.another(server);
    return new World(server, testee, this.#command, this.environment);
  }

  /** A testee of a server of a later contract, which speaks of things that no client knows yet. */
  async later(): Promise<Testee> {
    const server = await startLater();
    this.#leftovers.push(async () => await server[Symbol.asyncDispose]());
    return this.another(server);
  }

  /** A testee of a server that says of its one lease what the scenario wants. */
  async scripted(): Promise<{ scripted: ScriptedServer; testee: Testee }> {
    const scripted = await new ScriptedServer().start();
    this.#leftovers.push(() => scripted[Symbol.asyncDispose]());
    return { scripted, testee: this.another(scripted) };
  }

  /** Configures environments in a pool of this scenario alone, whose name it gives; their names get that of the scenario's before them. */
  async configure(environments: Readonly<Record<string, Configured>>): Promise<string> {
    const pool = `pool-${this.environment}`;
    const all = Object.entries(environments).map(([name, one]) => ({ ...one, pool, name: this.named(name) }));
    await this.clients.environments.applyEnvironments({ environments: all });
    return pool;
  }

  /** The name of such an environment. */
  named(name: string): string {
    return `${this.environment}-${name}`;
  }

  /** Takes it for another client, for ten minutes. */
  async occupy(environment = this.environment): Promise<Lease> {
    return leaseIn(await this.clients.locks.acquire({ environment, ttl: seconds(600) }));
  }

  /** All that the server has on record for an environment. This is no sign of life for any of them. */
  async leases(environment = this.environment): Promise<readonly Lease[]> {
    return await leasesOn(this.clients, environment);
  }

  /** The one lease there is, or the one with this id; throws if there are more or none. */
  async lease(id?: string): Promise<Lease> {
    const all = (await this.leases()).filter((lease) => id === undefined || lease.id === id);
    const [lease] = all;
    if (lease === undefined || all.length > 1) throw new Error(`${all.length} leases instead of one on ${this.environment}`);
    return lease;
  }

  /** Waits until the server's record is such that `look` gives something; throws after PATIENCE with what was on record last. */
  async recorded<T>(look: (leases: readonly Lease[]) => T | undefined | false, environment = this.environment): Promise<T> {
    const timeout = AbortSignal.timeout(PATIENCE);
    let last = "nothing";
    for (;;) {
      // A server that is being killed answers nothing.
      const leases = await this.leases(environment).catch(() => undefined);
      const seen = leases !== undefined && look(leases);
      if (seen !== undefined && seen !== false) return seen;
      last = leases?.map(describe).join(", ") ?? last;
      if (timeout.aborted) throw new Error(`never recorded on ${environment}: ${look}; last there was: ${last}`);
      await lasts(20);
    }
  }

  /** Waits until a lease has ended on the server, and tells why. */
  async ended(id: string): Promise<Lease> {
    return await this.recorded((leases) => leases.find((lease) => lease.id === id && lease.state === LeaseState.ENDED));
  }

  /** What the testees of this scenario alone have said, for people. */
  get heard(): string {
    return this.#testees.map((testee) => testee.transcript()).join("\n");
  }

  /** Kills what the scenario has started. */
  async close(): Promise<void> {
    for (const clear of this.#leftovers.reverse()) await clear();
  }
}

/** All that the server has on record for an environment. */
export async function leasesOn({ environments }: Clients, environment: string): Promise<readonly Lease[]> {
  return (await environments.listLeases({ filter: { environment, states: STATES } })).leases;
}

/** By name: what happens, and a function that throws if it does not. They run beside each other, each on an environment of its own. */
export type Scenarios = Readonly<Record<string, (world: World) => Promise<void>>>;

function describe({ id, state, endReason }: Lease): string {
  return `${id} ${nameOf(LeaseState, state)}${state === LeaseState.ENDED ? ` ${nameOf(EndReason, endReason)}` : ""}`;
}

/** How long an outage lasts: the length itself is what is played here. In ms. */
export async function lasts(length: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      clearInterval(timer);
      resolve();
    }, length);
  });
}

/** The name of an enum's value. */
export function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(values).find(([, one]) => one === value)?.[0] ?? `${value}`;
}

/** A time of the server as Date.now() would give it; NaN if it is absent. */
export function time(at: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
  return at === undefined ? Number.NaN : Number(at.seconds) * 1_000 + at.nanos / 1e6;
}
