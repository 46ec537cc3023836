/** The calls that clients make, and what comes of them. */
import type { Refusal, Reply } from "../../src/core/command.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { LeaseView } from "../../src/engine/views.ts";
import type { Client, Open } from "./client.ts";
import type { Judge } from "./judge.ts";
import { Line, type LineCall } from "./line.ts";
import type { Machine } from "./machine.ts";
import { count, expectThat } from "./seen.ts";

/** For how long a poll waits that waits, and an onlooker. */
const PATIENCE = 60_000_000;

/** Refusals that follow from what is set for a pool. */
const SET: readonly string[] = ["QUEUE_FULL", "ENVIRONMENT_NOT_FOUND"];

type Answer = Reply | LeaseView | undefined;

/** A call about a lease that its client knows of. */
export type Call = "poll" | "await" | "attend" | "onlook" | "renew" | "extend" | "release";

export class Calls {
  readonly #machine: Machine;
  readonly #judge: Judge;

  constructor(machine: Machine, judge: Judge) {
    this.#machine = machine;
    this.#judge = judge;
  }

  /** Asks again for what it asked for before. */
  acquire(client: Client): Promise<void> {
    const { command, wait, pool } = client;
    const id = `${command.id}-${++client.acquires}`;
    const asked = { pool, command: { ...command, id }, wait };
    const { full } = this.#judge.outages;
    const { changes } = this.#judge.wishes;
    const call = client.line.call();
    const until = wait > 0 ? this.#machine.time.now + wait : undefined;
    const open = this.#begin(client, { id, waits: wait > 0, until, signal: call.signal });
    return this.#ask(client, open, call, this.#judge.asked(client, this.#machine.engine.acquire(asked, call)), (reply) => {
      const decided = full !== undefined && full === this.#judge.outages.full;
      expectThat(!decided, `${command.id} was decided on a full disk`);
      if (!reply.ok) return this.#refused(client, reply);
      const { lease } = reply;
      expectThat(command.ifBusy !== "FAIL" || lease?.state === "HELD", `${command.id} asked with FAIL, and is answered ${lease?.state}`);
      // What can never be granted is an answer only.
      if (lease?.revision === 0) {
        client.ended = true;
        this.#judge.wishes.answered(lease, changes);
      } else this.#judge.answered(client, lease?.id);
    });
  }

  /**
   * A retry of what has ended is refused likewise: with FAIL an answer means HELD. What should have an end that is over by now is refused, but
   * never its retry.
   */
  #refused(client: Client, refusal: Refusal): void {
    const { reason, message, metadata } = refusal;
    const { command, lease } = client;
    const now = this.#machine.engine.views.now();
    const isOver = reason === "TIME_OUT_OF_RANGE" && now >= (command.notAfter ?? Number.POSITIVE_INFINITY);
    const isMany = reason === "QUOTA_REACHED" && command.quotas !== undefined;
    expectThat(command.ifBusy === "FAIL" || isOver || isMany || SET.includes(reason), `an acquire was refused: ${message}`);
    const known = isOver && command.requestId !== undefined && lease !== undefined && this.#judge.books.answersFor(lease, now) === true;
    expectThat(!known, `the retry of ${lease} was refused: ${message}`);
    if (isOver) client.lease = undefined;
    client.ended = true;
    count(reason);
    this.#judge.refused(client, refusal);
    if (reason === "LEASE_ENDED") this.#judge.ended(client, metadata?.["lease_id"] ?? "");
  }

  /** Makes a call about a lease; `span`: how far ahead its new end is. */
  make(what: Call, client: Client, id: string, span: Micros): void {
    const { engine } = this.#machine;
    const by = { principal: client.command.by.principal };
    const call = client.line.call();
    const begin = (waits: boolean) => this.#begin(client, { waits, signal: call.signal }, id);
    const renewing = () => this.#begin(client, { waits: false, renews: id, signal: call.signal }, id);
    if (what === "poll" || what === "await") {
      const waits = what === "await";
      const open = begin(waits);
      const looked = engine.views.lease(id).then((found) => found && engine.look(found.lease, true, waits ? PATIENCE : 0, call));
      void this.#ask(client, open, call, looked);
    } else if (what === "onlook") {
      const onlooker = new Line().call();
      void this.#judge.forgive(engine.views.lease(id).then((found) => found && engine.look(found.lease, false, PATIENCE, onlooker)));
    } else if (what === "attend") {
      client.stream?.break();
      client.stream = new Line();
      void this.#judge.forgive(this.#follow(client, id, client.stream));
    } else if (what === "extend") {
      const notAfter = engine.views.now() + span;
      client.wishes.set(id, [...(client.wishes.get(id) ?? []), notAfter]);
      if (client.command.ttl === undefined) client.promised = Math.min(client.promised, notAfter);
      const renewed = this.#judge.kept(engine.renew({ type: "renew", by, lease: id, notAfter }, call));
      void this.#ask(client, renewing(), call, renewed, (reply) => reply?.ok && count("extended"));
    } else if (what === "renew") {
      const open = renewing();
      const facts = this.#judge.facts.next(id);
      const renewed = this.#judge.kept(engine.renew({ type: "renew", by, lease: id, facts }, call));
      void this.#ask(client, open, call, this.#judge.telling(facts, renewed));
    } else {
      client.givesBack = true;
      const facts = this.#judge.facts.next(id);
      const released = engine.submitFor(id, { type: "release", by, lease: id, outcome: "OK", note: "", facts }, call);
      const open = this.#begin(client, { waits: false, signal: call.signal }, "");
      void this.#ask(client, open, call, this.#judge.telling(facts, this.#judge.givenBack(id, released)));
    }
  }

  /** As WatchLease does it. */
  async #follow(client: Client, id: string, line: Line): Promise<void> {
    const { engine, deaths: life } = this.#machine;
    const call = line.call();
    const found = await engine.views.lease(id);
    if (found === undefined || line.signal.aborted) return;
    const open = this.#begin(client, { waits: true, signal: line.signal }, id);
    let leave = () => {};
    let view: LeaseView | undefined;
    const opened = engine.attend(found, call).then((stream) => {
      leave = stream.leave;
      return stream.view;
    });
    try {
      view = await this.#hear(client, line, call, opened);
      while (view !== undefined && view.lease.state !== "ENDED" && !line.signal.aborted) {
        await changed(engine, view.lease, line.signal);
        const next: LeaseView | undefined = await engine.views.lease(id);
        if (next === undefined || line.signal.aborted) break;
        view = await this.#hear(client, line, call, engine.keep(next, call));
      }
    } finally {
      leave();
      if (life === this.#machine.deaths) this.#finish(client, open, id);
    }
  }

  /** `lease`: the one that the call names; otherwise whichever is the client's. */
  #begin(client: Client, call: Omit<Open, "since">, lease?: string): Open {
    const open: Open = { ...call, since: this.#machine.engine.views.now() };
    client.signs++;
    client.signed = open.since;
    client.open.add(open);
    this.#vouch(client, lease);
    return open;
  }

  #finish(client: Client, open: Open, lease?: string): void {
    client.open.delete(open);
    client.signed = this.#machine.engine.views.now();
    // With FAIL the end of the wait is still to be stored.
    if (open.waits && client.command.ifBusy !== "FAIL") this.#vouch(client, lease);
  }

  #vouch(client: Client, lease?: string): void {
    for (const id of lease === undefined ? this.#judge.leasesOf(client) : [lease]) client.vouched.set(id, this.#machine.engine.views.now());
  }

  /** A call of its own: a sign of life, as long as it is open if it waits. */
  async #ask<T extends Answer>(client: Client, open: Open, call: LineCall, answer: Promise<T>, learn?: (answer: T) => void): Promise<void> {
    const life = this.#machine.deaths;
    await this.#hear(client, client.line, call, answer, learn);
    if (life === this.#machine.deaths) this.#finish(client, open);
  }

  /** What the server sends over a line; undefined if it has nothing to send, or nobody to send it to. */
  async #hear<T extends Answer>(
    client: Client,
    line: Line,
    call: LineCall,
    answer: Promise<T>,
    learn: (answer: T) => void = () => {},
  ): Promise<T | undefined> {
    const life = this.#machine.deaths;
    const heard = await this.#judge.forgive(answer);
    if (heard === undefined) client.refused = client.signs;
    if (heard === undefined || life !== this.#machine.deaths || line.signal.aborted) return undefined;
    call.write();
    const lease: Lease | undefined = "lease" in heard ? heard.lease : undefined;
    if (line.silent !== undefined && lease?.state === "HELD") this.#judge.books.written.set(lease.id, client.signs);
    if (line.silent === undefined) line.heard();
    if (line.silent === undefined && lease?.state === "HELD")
      client.knows = { token: lease.fencingToken ?? 0, at: this.#machine.engine.views.now() };
    if (line.silent !== "both ways")
      this.#judge.noting(() => {
        learn(heard);
        if (lease !== undefined) this.#judge.told(client, lease);
      });
    return heard;
  }
}

/** Resolves when a lease is in another state than `seen`, or its line breaks. */
function changed({ hub, views }: Engine, seen: Lease, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      leave();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const leave = hub.follow(seen.id, done);
    const now = views.live(seen.id)?.lease;
    if (signal.aborted || now?.state !== seen.state || now.fencingToken !== seen.fencingToken) done();
    else signal.addEventListener("abort", done);
  });
}
