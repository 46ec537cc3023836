/** Clients that come, wait, lose their connections and come back. */
import type { Reply } from "../../src/core/command.ts";
import type { Lease, Micros } from "../../src/core/model.ts";
import { namesOf } from "../../src/core/needs.ts";
import type { LeaseView } from "../../src/engine/views.ts";
import type { Batch } from "../../src/store/medium.ts";
import type { Commit } from "../../src/store/store.ts";
import { acquireCommand } from "../core/world.ts";
import { Client, commandOf, type Open } from "./client.ts";
import type { Judge } from "./judge.ts";
import { Line, type LineCall } from "./line.ts";
import type { Machine } from "./machine.ts";
import { count, expectThat } from "./seen.ts";
import { type ClientStep, poolOf } from "./steps.ts";

type Answer = Reply | LeaseView | undefined;
type Request = Extract<ClientStep, { what: "acquire" }>;

const BY = { principal: "admin" };

export class Clients {
  readonly #machine: Machine;
  readonly #judge: Judge;
  readonly #present = new Map<number, Client>();
  /** Those whose connections break at the very commit that offers them something. */
  readonly #dropping = new Set<Client>();
  /** Those whose connections break while it is written that they hold what they were offered. */
  readonly #cutting = new Set<Client>();

  constructor(machine: Machine, judge: Judge) {
    this.#machine = machine;
    this.#judge = judge;
  }

  at(who: number): Client | undefined {
    return this.#present.get(who);
  }

  take(step: ClientStep): void {
    const client = this.#present.get(step.who);
    if (step.what === "acquire") {
      if (client === undefined || client.ended) this.#come(step, client);
    } else if (client !== undefined) this.#act(step, client);
  }

  /** At the very moment of a commit, before anybody else hears of it. */
  committed({ events }: Commit): void {
    for (const { cause } of events) {
      const client = cause?.state === "OFFERED" ? this.#judge.clients.get(commandOf(cause.leaseId)) : undefined;
      if (client !== undefined && this.#dropping.delete(client)) this.#vanish(client, this.#judge.commits);
    }
  }

  /** While a batch is on its way to the disk. */
  writing({ leases }: Batch): void {
    for (const { id, state } of leases) {
      const client = this.#judge.clients.get(commandOf(id));
      const claims = state === "HELD" && this.#machine.engine.views.live(id)?.lease.state === "OFFERED";
      if (!claims || client === undefined || !this.#cutting.delete(client)) continue;
      count("cut");
      // What is being written was decided before that.
      this.#vanish(client, this.#judge.commits + 2);
    }
  }

  /** Whatever was open went with the server. */
  restarted(): void {
    for (const client of this.#judge.clients.values()) {
      client.line.drop();
      client.stream?.drop();
      Object.assign(client, { line: new Line(), stream: undefined, open: new Set() });
    }
  }

  /** Nobody reads a stream any more. */
  leave(): void {
    for (const client of this.#present.values()) client.stream?.break();
  }

  /** Asks again for what it asked for before. */
  acquire(client: Client): Promise<void> {
    const { command, wait, pool } = client;
    const asked = { pool, command: { ...command, id: `${command.id}-${++client.acquires}` }, wait };
    const full = this.#judge.fullSince;
    const call = client.line.call();
    return this.#ask(client, call, this.#machine.engine.acquire(asked, call), wait > 0, (reply) => {
      const decided = full !== undefined && full === this.#judge.fullSince;
      expectThat(!decided, `${command.id} was decided on a full disk`);
      if (!reply.ok) {
        // A retry of what has ended is refused likewise: with FAIL an answer means HELD.
        expectThat(command.ifBusy === "FAIL", `an acquire was refused: ${reply.message}`);
        client.ended = true;
        count(reply.reason);
        if (reply.reason === "LEASE_ENDED") this.#judge.answered(client, reply.metadata?.["lease_id"]);
      } else if (reply.lease?.revision === 0) client.ended = true;
      else this.#judge.answered(client, reply.lease?.id);
    });
  }

  #come(step: Request, before: Client | undefined): void {
    before?.stream?.break();
    const id = `l${this.#judge.clients.size}`;
    const plain = acquireCommand(id, step.needs);
    const command = acquireCommand(id, step.needs, {
      ttl: step.ttl,
      ticketTtl: step.ticketTtl,
      claimTimeout: step.claimTimeout,
      priority: step.priority,
      ifBusy: step.fail ? "FAIL" : "QUEUE",
      ...(step.holds > 0 && { maxHold: step.holds * step.ttl }),
      ...(step.keyed && { requestId: `r-${id}` }),
      ...(step.anonymous && { holder: { ...plain.holder, name: "" } }),
    });
    const client = new Client(command, poolOf(namesOf(command)[0] ?? ""), step.wait, this.#machine.deaths);
    this.#present.set(step.who, client);
    this.#judge.clients.set(id, client);
    void this.acquire(client);
  }

  #act(step: Exclude<ClientStep, Request>, client: Client): void {
    const { lease } = client;
    if (step.what === "retry") {
      if (client.command.requestId !== undefined) void this.acquire(client);
    } else if (step.what === "vanish") this.#vanish(client, this.#judge.commits + 1);
    else if (step.what === "drop") this.#dropping.add(client);
    else if (step.what === "cut") this.#cutting.add(client);
    else if (step.what === "silence") this.#fallSilent(client, step.hears, step.noticed);
    else if (step.what === "leave") client.stream?.break();
    else if (lease !== undefined) this.#touch(step.what, client, lease);
  }

  #touch(what: "poll" | "attend" | "onlook" | "renew" | "release", client: Client, id: string): void {
    const { engine } = this.#machine;
    const { line, wait } = client;
    const call = line.call();
    if (what === "poll") {
      const looked = engine.views.lease(id).then((found) => found && engine.look(found, true, wait, call));
      void this.#ask(client, call, looked, wait > 0);
    } else if (what === "onlook") {
      const onlooker = new Line().call();
      void this.#judge.forgive(engine.views.lease(id).then((found) => found && engine.look(found, false, 60_000_000, onlooker)));
    } else if (what === "attend") {
      client.stream?.break();
      client.stream = new Line();
      void this.#judge.forgive(this.#follow(client, id, client.stream));
    } else if (what === "renew") void this.#ask(client, call, engine.renew({ type: "renew", by: BY, lease: id }, call));
    else {
      const released = engine.submitFor(id, { type: "release", by: BY, lease: id, outcome: "OK", note: "" }, call);
      void this.#ask(client, call, released);
    }
  }

  /** As WatchLease does it. */
  async #follow(client: Client, id: string, line: Line): Promise<void> {
    const { engine, deaths: life } = this.#machine;
    const call = line.call();
    const found = await engine.views.lease(id);
    if (found === undefined || line.signal.aborted) return;
    const open = this.#begin(client, true);
    let leave = () => {};
    let view: LeaseView | undefined;
    const opened = engine.attend(found, call).then((stream) => {
      leave = stream.leave;
      return stream.view;
    });
    try {
      view = await this.#hear(client, line, call, opened);
      while (view !== undefined && view.lease.state !== "ENDED" && !line.signal.aborted) {
        await engine.changed(view.lease, line.signal);
        const next: LeaseView | undefined = await engine.views.lease(id);
        if (next === undefined || line.signal.aborted) break;
        view = await this.#hear(client, line, call, engine.keep(next, call));
      }
    } finally {
      leave();
      if (life === this.#machine.deaths) this.#finish(client, open);
    }
  }

  /** Its connections break: an answer on the way is lost, an open stream closes. */
  #vanish(client: Client, commit: number): void {
    count("vanished");
    const { line, stream } = client;
    client.line = new Line();
    client.stream = undefined;
    this.#judge.lost(client, { commit, silently: false });
    stream?.break();
    this.#broken(client, line);
  }

  /** Its connections are dead, and the server does not know. */
  #fallSilent(client: Client, hears: boolean, noticed: Micros): void {
    count("fell silent");
    const { line, stream } = client;
    const life = this.#machine.deaths;
    client.line = new Line();
    client.stream = undefined;
    for (const one of [line, stream]) if (one !== undefined) one.silent = hears ? "one-way" : "both ways";
    if (!hears && client.command.requestId === undefined) client.ended = true;
    this.#judge.lost(client, { commit: this.#judge.commits + 1, silently: true });
    this.#machine.time.after(noticed / 1_000, () => {
      if (life !== this.#machine.deaths) return;
      stream?.break();
      this.#broken(client, line);
    });
  }

  #broken(client: Client, line: Line): void {
    const { pool, command } = client;
    const orphans = [...this.#machine.engine.views.pool(pool).leases.keys()].filter((id) => commandOf(id) === command.id);
    const lost = line.break();
    // Until now the server took it to be there; what it then takes back has its full ticket from now on.
    client.signed = this.#machine.engine.views.now();
    // By its token it may have asked over another connection since then.
    if (command.requestId !== undefined || client.token !== undefined || !client.isAway) return;
    if (lost) for (const id of orphans) this.#judge.orphaned(id);
    client.ended = true;
  }

  #begin(client: Client, waits: boolean): Open {
    const open = { since: this.#machine.engine.views.now(), waits };
    client.signs++;
    client.signed = open.since;
    client.open.add(open);
    return open;
  }

  #finish(client: Client, open: Open): void {
    client.open.delete(open);
    client.signed = this.#machine.engine.views.now();
  }

  /** A call of its own: a sign of life, as long as it is open if it `waits`. */
  async #ask<T extends Answer>(
    client: Client,
    call: LineCall,
    answer: Promise<T>,
    waits = false,
    learn?: (answer: T) => void,
  ): Promise<void> {
    const life = this.#machine.deaths;
    const open = this.#begin(client, waits);
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
    if (heard === undefined || life !== this.#machine.deaths || line.signal.aborted) return undefined;
    call.write();
    const lease: Lease | undefined = "lease" in heard ? heard.lease : undefined;
    if (line.silent !== undefined && lease?.state === "HELD") this.#judge.written(lease);
    if (line.silent === undefined) line.heard();
    if (line.silent !== "both ways")
      this.#judge.noting(() => {
        learn(heard);
        if (lease !== undefined) this.#judge.told(client, lease);
      });
    return heard;
  }
}
