/** What operators do, and whoever gives back what stands under a name. */
import type { Command, Reply } from "../../src/core/command.ts";
import type { PoolConfig } from "../../src/core/model/pool-config.ts";
import type { Crowd } from "./crowd.ts";
import { DAMAGED } from "./disk.ts";
import { checkRevoked, GUEST } from "./guests.ts";
import type { Judge } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { POOLS, poolOf } from "./pools.ts";
import { checkReleased } from "./release.ts";
import { count, expectThat } from "./seen.ts";
import type { OperatorStep } from "./steps.ts";

const BY = { principal: "admin" };

export class Operators {
  readonly #machine: Machine;
  readonly #judge: Judge;
  readonly #crowd: Crowd;
  #deletes = 0;

  constructor(machine: Machine, judge: Judge, crowd: Crowd) {
    this.#machine = machine;
    this.#judge = judge;
    this.#crowd = crowd;
  }

  async take(step: OperatorStep): Promise<void> {
    if (step.what === "force") {
      const lease = this.#crowd.at(step.who)?.lease;
      if (lease !== undefined)
        await this.#judge.forgive(
          this.#machine.engine.submitFor(lease, { type: "forceRelease", by: BY, lease, reason: "it is in the way" }),
        );
      return;
    }
    if (step.what === "revoke") return await this.#revoke(step.held);
    if (step.what === "set") return await this.#set(step.pool, step.config);
    const { environment } = step;
    if (step.what === "releaseByName") await this.#releaseByName(step);
    else if (step.what === "resize") await this.#resize(step);
    else if (step.what === "delete") await this.#delete(environment);
    else if (step.what === "forget") await this.#forget(environment);
    else if (step.what === "state") {
      // What is dirty stays so until somebody cleans it, or says that it is clean.
      const until = step.span === 0 || step.state === "DIRTY" ? {} : { until: this.#machine.engine.views.now() + step.span };
      await this.#submit(environment, { type: "setState", by: BY, environment, state: step.state, reason: "", ...until });
    }
  }

  /** Everything is in service again, for everybody. */
  async openAll(): Promise<void> {
    for (const pool of Object.keys(POOLS)) await this.#set(pool, {});
    for (const environment of Object.values(POOLS).flat()) await this.take({ what: "state", environment, state: "AVAILABLE", span: 0 });
  }

  /** A pool whose rows contradict each other serves nobody, and keeps nobody else from being served. */
  async tryDamaged(): Promise<void> {
    const refused = await this.#machine.engine.submit(DAMAGED, { type: "forget", count: 1 }).catch((error) => error.reason);
    this.#judge.noting(() => expectThat(refused === "POOL_BROKEN", `a command on a damaged pool is answered ${JSON.stringify(refused)}`));
  }

  /** Of all pools at once: nothing of it waits any more, and what it holds stays, or ends as by force. */
  async #revoke(held: boolean): Promise<void> {
    this.#crowd.revoked();
    const parts = Object.keys(POOLS).map((pool) => ({ pool, command: { type: "disown", by: BY, principal: GUEST, held } as const }));
    const replies = await this.#judge.forgive(this.#machine.engine.submitAll({ parts }));
    if (replies !== undefined) count("revoked");
    for (const { pool } of replies ?? []) this.#judge.noting(() => checkRevoked(pool, held));
  }

  async #set(pool: string, config: PoolConfig): Promise<void> {
    this.#judge.settings.asking(pool, config);
    await this.#judge.forgive(this.#machine.engine.submit(pool, { type: "apply", by: BY, environments: [], config, prune: false }));
  }

  #submit(environment: string, command: Command): Promise<Reply | undefined> {
    return this.#judge.forgive(this.#machine.engine.submit(poolOf(environment), command));
  }

  async #resize({ environment: name, capacity, cooldown, labels, life }: OperatorStep & { what: "resize" }): Promise<void> {
    const rests = { ...(cooldown > 0 && { cooldown }), ...(capacity === 1 && life) };
    const config = { name, pool: poolOf(name), description: "", labels, capacity, links: {}, ...rests };
    const deletes = this.#deletes;
    const reply = await this.#submit(name, { type: "apply", by: BY, environments: [config], prune: false });
    if (reply?.ok && deletes === this.#deletes) this.#judge.names.configured.add(name);
  }

  /** As the engine does it when there are too many environments: any of the pool that is idle may go. */
  async #forget(environment: string): Promise<void> {
    const doom = () => {
      for (const name of POOLS[poolOf(environment)]) this.#judge.facts.doomed(name, this.#machine.engine.views.now());
    };
    doom();
    await this.#submit(environment, { type: "forget", count: 1 });
    // Which one it was, and when, nothing tells if it was made anew in the same commit.
    doom();
  }

  async #delete(environment: string): Promise<void> {
    const { books, facts, names } = this.#judge;
    this.#deletes++;
    names.configured.delete(environment);
    facts.doomed(environment, this.#machine.engine.views.now());
    books.doomed.add(environment);
    books.deleted.delete(environment);
    const reply = await this.#submit(environment, { type: "delete", by: BY, environment });
    const told = reply?.ok !== true || books.deleted.has(environment);
    this.#judge.noting(() => expectThat(told, `${environment} is deleted, and nobody who watches it is told`));
  }

  async #releaseByName({ environment, who, shown }: OperatorStep & { what: "releaseByName" }): Promise<void> {
    const client = this.#crowd.at(who);
    const { principal } = client?.command.by ?? BY;
    const lease = shown === "token" ? client?.lease : undefined;
    const requestId = shown === "request" ? client?.command.requestId : undefined;
    if (client !== undefined && shown !== "key") client.givesBack = true;
    const by = lease === undefined ? { principal } : { principal: `lease ${lease}`, lease };
    const asked = { by, environment, ...(requestId !== undefined && { requestId }) };
    const reply = await this.#submit(environment, { type: "releaseByEnvironment", ...asked, outcome: "OK", note: "" });
    if (reply === undefined) return;
    count(reply.ok ? "released by name" : reply.reason);
    this.#judge.noting(() => checkReleased(asked, reply));
  }
}
