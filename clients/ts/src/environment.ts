import type { Lease, LeasedEnvironment } from "../../../gen/ts/callme/v1/types_pb.ts";

/** Values by name, such as URL. Some may be secret: keep them out of logs. */
export type Variables = Readonly<Record<string, string>>;

/** A slot that is held. Whoever prints or serialises it sees no variables. */
export class HeldSlot {
  /** Counted from 0, on its environment. */
  readonly index: number;
  readonly #variables: Variables;

  constructor(index: number, variables: Variables) {
    this.index = index;
    this.#variables = variables;
  }

  /** What the slot gives its holder: its own variables, and those of the environment that it has none of its own for. */
  get variables(): Variables {
    return this.#variables;
  }
}

/** An environment that is held. Whoever prints or serialises it sees no variables. */
export class HeldEnvironment {
  readonly name: string;
  /** Those of its slots that are held. */
  readonly slots: readonly HeldSlot[];
  /** The names of those variables, of the environment or a slot, whose values are secret. */
  readonly secretVariables: readonly string[];
  readonly #variables: Variables;

  constructor({ name, slotIndexes, variables, slotVariables, secretVariables }: LeasedEnvironment) {
    this.name = name;
    this.slots = slotIndexes.map((index, nth) => new HeldSlot(index, { ...variables, ...slotVariables[nth]?.variables }));
    this.secretVariables = secretVariables;
    this.#variables = { ...variables };
  }

  /** What the environment gives its holder. What only a slot gives is in the slot's own. */
  get variables(): Variables {
    return this.#variables;
  }
}

/** A lease as it may be printed. */
export function withoutVariables(lease: Lease): Lease {
  return { ...lease, environments: lease.environments.map((one) => ({ ...one, variables: {}, slotVariables: [] })) };
}
