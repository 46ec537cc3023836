/** Stored keys: what was acknowledged of them is there, and each thing that is done with one is on record once, in the commit that did it. */
import fc from "fast-check";
import { ACCESS_POOL, type Key, principalOf } from "../../src/core/access/key.ts";
import type { Command, Reply } from "../../src/core/command.ts";
import type { Event } from "../../src/core/event.ts";
import type { Commit } from "../../src/store/store.ts";
import type { Judge } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { POOLS } from "./pools.ts";
import { count, expectThat } from "./seen.ts";

/** What is done with a key; `which` of those that there are. */
export interface KeyStep {
  readonly what: "key";
  readonly act: "create" | "rotate" | "end" | "use";
  readonly which: number;
}

const keyStep: fc.Arbitrary<KeyStep> = fc.record({
  what: fc.constant("key" as const),
  act: fc.constantFrom("create", "rotate", "rotate", "end", "use"),
  which: fc.nat(1),
});

/** What is done with a few keys, and what becomes of the machine meanwhile. */
export const keyStory = fc
  .record({
    atOnce: fc.boolean(),
    steps: fc.array(
      fc.oneof(
        { weight: 8, arbitrary: keyStep },
        { weight: 1, arbitrary: fc.record({ what: fc.constant("die" as const), effects: fc.nat(6) }) },
        { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("full" as const, "hanging" as const), on: fc.boolean() }) },
      ),
      { minLength: 2, maxLength: 6 },
    ),
  })
  .map((story) => ({ what: "story", ...story }) as const);

const BY = { principal: "admin" };

export class Keys {
  readonly #machine: Machine;
  readonly #judge: Judge;
  /** As last committed. */
  #known = new Map<string, Key>();
  /** As far as anybody was told: the secret that it was given last, or that it has ended. */
  readonly #acknowledged = new Map<string, { readonly digest?: string; readonly ended?: true }>();
  /** Calls under way that give a key a secret, by key: if the machine dies, it may have one of which nobody heard. */
  readonly #giving = new Map<string, number>();
  #made = 0;

  constructor(machine: Machine, judge: Judge) {
    this.#machine = machine;
    this.#judge = judge;
  }

  async take({ act, which }: KeyStep): Promise<void> {
    const ids = [...this.#known.keys()];
    const id = act === "create" ? `k${this.#made++}` : ids[which % ids.length];
    if (id === undefined) return;
    const digest = `${id} ${this.#made++}`;
    if (act === "create") {
      const grants = [{ role: "USE", patterns: ["*"] }] as const;
      await this.#submit(id, { digest }, { type: "createKey", by: BY, id, label: id, grants, digest, bootstrap: true });
    } else if (act === "rotate")
      await this.#submit(id, { digest }, { type: "rotateKey", by: BY, key: id, digest, overlap: which * 1_000_000 });
    else if (act === "use")
      await this.#submit(
        id,
        {},
        { type: "useKeys", used: new Map([[id, { at: this.#machine.engine.views.now(), digests: new Set<string>() }]]) },
      );
    else await this.#end(id);
  }

  /** With what waits for it in every pool. */
  async #end(key: string): Promise<void> {
    const revoke = { pool: ACCESS_POOL, command: { type: "revokeKey", by: BY, key, bootstrap: true } } as const;
    const disown = Object.keys(POOLS).map((pool) => ({
      pool,
      command: { type: "disown", by: BY, principal: principalOf(key), held: false } as const,
    }));
    const [reply] = (await this.#judge.forgive(this.#machine.engine.submitAll({ parts: [revoke, ...disown] }))) ?? [];
    this.#learn(key, { ended: true }, reply);
  }

  async #submit(id: string, told: { readonly digest?: string }, command: Command): Promise<void> {
    const more = told.digest === undefined ? 0 : 1;
    const giving = (change: number) => this.#giving.set(id, (this.#giving.get(id) ?? 0) + change);
    giving(more);
    const life = this.#machine.deaths;
    const reply = await this.#judge.forgive(this.#machine.engine.submit(ACCESS_POOL, command));
    if (life !== this.#machine.deaths) return;
    this.#learn(id, told, reply);
    giving(-more);
  }

  #learn(id: string, told: { readonly digest?: string; readonly ended?: true }, reply: Pick<Reply, "ok"> | undefined): void {
    if (reply?.ok === true) this.#acknowledged.set(id, { ...this.#acknowledged.get(id), ...told });
  }

  committed({ keys, events }: Commit): void {
    const told = events.filter(({ pool }) => pool === ACCESS_POOL);
    for (const { id, key } of keys) {
      const of = told.filter(({ subject }) => subject === id);
      this.#checkTold(id, this.#known.get(id), key, of);
      if (key !== undefined) this.#known.set(id, key);
    }
    const silent = told.find(({ subject }) => !keys.some(({ id }) => id === subject));
    expectThat(silent === undefined, `${silent?.kind} of ${silent?.subject} is told, and nothing of it is written`);
  }

  #checkTold(id: string, before: Key | undefined, after: Key | undefined, events: readonly Event[]): void {
    const times = (kind: Event["kind"]) => events.filter((event) => event.kind === kind).length;
    const [made, rotated, ended] = [times("KEY_CREATED"), times("KEY_ROTATED"), times("KEY_REVOKED")];
    for (const { kind } of events) count(String(kind));
    expectThat(made === (before === undefined ? 1 : 0), `${id} was made, and that is told ${made} times`);
    const isEnded = after?.revokedAt !== undefined && before?.revokedAt === undefined;
    expectThat(ended === (isEnded ? 1 : 0), `${id} was revoked, and that is told ${ended} times`);
    const isChanged = before !== undefined && before.secrets[0]?.digest !== after?.secrets[0]?.digest;
    expectThat(rotated > 0 || !isChanged, `${id} has another secret, and that is told by nothing`);
  }

  /** After a start: what was acknowledged outlives the death of the machine. */
  started(keys: Iterable<Key>): void {
    this.#known = new Map([...keys].map((key) => [key.id, key]));
    for (const [id, { digest, ended }] of this.#acknowledged) {
      const key = this.#known.get(id);
      expectThat(key !== undefined, `${id} was acknowledged, and is lost`);
      expectThat(!ended || key?.revokedAt !== undefined, `${id} was revoked, and opens again`);
      const isSure = (this.#giving.get(id) ?? 0) === 0;
      const isKnown = digest === undefined || key?.secrets.some((secret) => secret.digest === digest) === true;
      expectThat(isKnown || !isSure, `${id} does not know the secret that it was given last`);
      const newest = key?.secrets[0]?.digest;
      if (!isSure && newest !== undefined) this.#learn(id, { digest: newest }, { ok: true });
    }
    this.#giving.clear();
  }

  /** At the end: the log has told of each key's beginning once, and of its end. */
  async check(): Promise<void> {
    const past = await this.#machine.rows.past(ACCESS_POOL, 0, 10_000);
    if (past === "trimmed") return;
    const told = past.events.map(({ kind, subject }) => `${kind} ${subject}`);
    for (const { id, revokedAt } of this.#machine.engine.views.keys.values()) {
      const times = (kind: string) => told.filter((one) => one === `${kind} ${id}`).length;
      expectThat(times("KEY_CREATED") === 1, `the log tells ${times("KEY_CREATED")} times that ${id} was made`);
      expectThat(
        times("KEY_REVOKED") === (revokedAt === undefined ? 0 : 1),
        `the log tells ${times("KEY_REVOKED")} times of the end of ${id}`,
      );
    }
  }
}
