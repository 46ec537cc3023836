import process from "node:process";
import type { Lease, LeasedEnvironment } from "../../../gen/ts/callme/v1/types_pb.ts";
import { giveBack, type Locks } from "./calls.ts";
import { HeldEnvironment } from "./environment.ts";
import { CancelRequested, type LeaseLost, NotAcquired } from "./errors.ts";
import { type Facts, factsOf } from "./facts.ts";
import { Keeper } from "./keeper.ts";
import { Limit } from "./limit.ts";
import { PACE } from "./pace.ts";
import { type CommandOptions, runCommand } from "./process/command.ts";
import { asVariables, givenVariables, missingVariables, withoutGiven } from "./process/given.ts";
import { variablesOf } from "./process/variables.ts";

/** How a command of HeldLease.run is started; with our environment unless `env` is given. */
export type RunOptions = Partial<CommandOptions>;

/** A lease that is kept by renewing until it is released; `await using` releases it. Whoever prints it sees neither token nor variables. */
export class HeldLease implements AsyncDisposable {
  readonly id: string;
  /** What is held, in the order in which it was asked for: of a selector, what was chosen. */
  readonly environments: readonly HeldEnvironment[];
  /**
   * Aborts when the lease is lost, with a LeaseLost, when somebody asks to stop, with a CancelRequested, or with the reason of
   * HoldOptions.signal. Then stop: the environment is handed over soon.
   */
  readonly signal: AbortSignal;
  readonly #locks: Locks;
  readonly #keeper: Keeper;
  readonly #limit: Limit;
  readonly #token: string;
  readonly #leased: readonly LeasedEnvironment[];
  #facts: Facts = {};
  #released: Promise<void> | undefined;

  private constructor(locks: Locks, keeper: Keeper, lease: Lease, token: string, limit: Limit) {
    this.#locks = locks;
    this.#keeper = keeper;
    this.id = lease.id;
    this.#token = token;
    this.#leased = lease.environments;
    this.environments = lease.environments.map((one) => new HeldEnvironment(one));
    this.signal = limit.signal;
    this.#limit = limit;
    void keeper.over.then((loss) => loss && limit.abort(loss));
    void keeper.cancelled.then((request) => limit.abort(new CancelRequested(this.id, request)));
  }

  /**
   * Makes sure that a granted lease is ours still and keeps it from then on, until it is released or `limit` aborts; gives it back if
   * that fails. Undefined, and throws, as Keeper.begin does; NotAcquired where the server lacks a variable of it.
   */
  static async keep(locks: Locks, lease: Lease, token: string, limit: Limit): Promise<HeldLease | undefined> {
    const keeper = new Keeper(locks, lease, { leaseToken: token });
    try {
      const held = await keeper.begin(limit.signal);
      const missing = missingVariables(held?.environments ?? []);
      if (held !== undefined && missing.length > 0) throw NotAcquired.lacking(held, missing);
      return held && new HeldLease(locks, keeper, held, token, limit);
    } catch (error) {
      keeper.stop();
      await release(locks, lease.id, token, PACE.farewell);
      throw error;
    }
  }

  /** A key for this one lease: enough to release it from another process, see Client.release. */
  get token(): string {
    return this.#token;
  }

  /** Higher than that of every earlier grant on these environments: hand it to what you protect. */
  get fencingToken(): bigint {
    return this.#leased[0]?.fencingToken ?? 0n;
  }

  /** Why it was lost, if it was. */
  get loss(): LeaseLost | undefined {
    return this.#keeper.loss;
  }

  /**
   * Runs a command, and answers with its exit code, as a shell gives it, when all that it has started has ended: its process group gets
   * SIGTERM, and SIGKILL within 3 s and before the lease has ended, when its signal aborts, when SIGINT, SIGTERM or SIGHUP come to us, and
   * for what it leaves behind. It is killed with us. It has CALL_ME_LEASE_ID, CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT,
   * CALL_ME_SLOTS, CALL_ME_FENCING_TOKEN and what the environments give (CALL_ME_VAR_…) in its environment, and neither our key nor CALL_ME_ID_TOKEN; our stdin,
   * stdout and stderr unless `stdio` is "ignore". Rejects with the reason of the lease's signal.
   */
  async run(command: readonly string[], { env = process.env, cwd, stdio }: RunOptions = {}): Promise<number> {
    const { CALL_ME_API_KEY: _, CALL_ME_ID_TOKEN: __, ...rest } = withoutGiven(env);
    const lease = { id: this.id, environments: this.#leased };
    const own = { ...asVariables(givenVariables(this.#leased)), ...variablesOf(lease, this.#token) };
    const killAt = () => (this.loss === undefined ? Number.POSITIVE_INFINITY : this.#keeper.stopBy);
    return await runCommand(command, { env: { ...rest, ...own }, cwd, stdio }, { signal: this.signal, killAt });
  }

  /**
   * Tells everybody what is on the environments now, such as `{ version: "1.2.3" }`, until somebody tells it anew; an empty text takes it back.
   * Resolves when the server has it. Rejects with the LeaseLost, the ConnectError of a refusal or of a server that is out of reach for 10 s,
   * or a TypeError for what is no text.
   */
  async tell(facts: Facts): Promise<void> {
    await this.#keeper.tell(factsOf(facts));
  }

  /** The same with the release, when the work is done: what a lost lease, or a refusal of these facts, leaves untold. */
  tellAtRelease(facts: Facts): void {
    this.#facts = { ...this.#facts, ...factsOf(facts) };
  }

  /** Ends it, trying for 10 s, or 1 s if it was lost; never throws, since a lease that nobody renews ends by itself. */
  release(): Promise<void> {
    const within = this.loss === undefined ? PACE.patience : PACE.farewell;
    this.#keeper.stop();
    this.#limit[Symbol.dispose]();
    this.#released ??= release(this.#locks, this.id, this.#token, within, this.#facts);
    return this.#released;
  }

  /** Releases it. Throws LeaseLost if it was lost, so that work which took no notice of that does not pass for done. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
    if (this.loss !== undefined) throw this.loss;
  }
}

async function release(locks: Locks, leaseId: string, token: string, within: number, facts: Facts = {}): Promise<void> {
  using limit = new Limit({ within });
  await giveBack(locks, { leaseId, facts }, token, limit.signal)
    // Facts that the server refuses keep nobody waiting.
    .catch(async () => Object.keys(facts).length > 0 && (await giveBack(locks, { leaseId }, token, limit.signal)))
    .catch(() => {});
}
