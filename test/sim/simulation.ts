/** Clients that come, wait, vanish and come back, on a machine that dies, stalls and fills up; and what must hold of it all. */
import type { Reply } from "../../src/core/command.ts";
import type { Event } from "../../src/core/event.ts";
import { checkPool } from "../../src/core/invariants.ts";
import type { Lease, Micros } from "../../src/core/model.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { LeaseView } from "../../src/engine/views.ts";
import { acquireCommand } from "../core/world.ts";
import { type Client, idle } from "./client.ts";
import { Line } from "./line.ts";
import { Machine } from "./machine.ts";
import { count, expectThat } from "./seen.ts";

/** One thing that happens. `who` is a client; each has at most one lease. */
export type Step =
  | {
      readonly what: "acquire";
      readonly who: number;
      readonly needs: readonly string[];
      readonly keyed: boolean;
      readonly ttl: Micros;
      readonly fail: boolean;
      readonly wait: Micros;
    }
  | { readonly what: "retry" | "poll" | "attend" | "leave" | "renew" | "release" | "vanish"; readonly who: number }
  | { readonly what: "pass" | "stall"; readonly span: Micros }
  | { readonly what: "die"; readonly effects: number }
  | { readonly what: "full" | "slow"; readonly on: boolean };

export class Simulation {
  readonly machine = new Machine();
  readonly #clients: Client[] = Array.from({ length: 6 }, () => idle());
  readonly #tokens = new Map<string, number>();
  readonly #byRequest = new Map<string, string>();
  /** Leases that were passed over: their next grant has another token. */
  readonly #passed = new Set<string>();
  readonly #waited = new Set<string>();
  readonly events: Event[] = [];
  /** Leases that nobody can come back for, and in which life they were given up. */
  readonly #withdrawn = new Map<string, number>();
  #acquired = 0;
  /** When the disk was first seen to be full, by the store's clock, and in which life: a start sets the clock. */
  #full: { readonly at: Micros; readonly life: number } | undefined;

  async run(steps: readonly Step[]): Promise<void> {
    this.machine.onStart = (engine) => this.#observe(engine);
    this.machine.onCommit = (commit) => {
      for (const pool of commit.pools) checkPool(pool);
      for (const event of commit.events) this.#witness(event);
    };
    await this.machine.boot();
    for (const step of steps) {
      this.#take(step);
      if (step.what === "pass" || step.what === "stall") await this.machine.pass(step.span, step.what === "stall");
      await this.machine.rest();
      await this.#check();
    }
    await this.#heal();
  }

  /** After the last fault everybody is served: no waiter is forgotten, nothing stays taken. */
  async #heal(): Promise<void> {
    Object.assign(this.machine, { full: false, slow: false });
    this.machine.dieAfter(Number.POSITIVE_INFINITY);
    for (const client of this.#clients) client.stream?.break();
    for (let round = 0; round < 8; round++) await this.machine.pass(60_000_000);
    await this.#check();
    const waiting = [...this.machine.engine.views.pool("default").leases.values()].find((lease) => lease.state === "QUEUED");
    expectThat(waiting === undefined, `${waiting?.id} still waits, minutes after its last sign of life`);
    for (let round = 0; round < 80; round++) await this.machine.pass(600_000_000);
    const left = [...this.machine.engine.views.pool("default").leases.values()];
    expectThat(left.length === 0, `${left.length} leases outlive everything: ${left.map((lease) => `${lease.id} ${lease.state}`)}`);
  }

  #take(step: Step): void {
    if (step.what === "die") this.machine.dieAfter(step.effects);
    else if (step.what === "full" || step.what === "slow") this.machine[step.what] = step.on;
    else if ("who" in step) this.#act(step, this.#clients[step.who] ?? idle());
  }

  #act(step: Step & { who: number }, client: Client): void {
    const { engine } = this.machine;
    if (step.what === "acquire") {
      if (client.command !== undefined && !client.ended) return;
      client.stream?.break();
      Object.assign(client, idle(), { calls: client.calls, wait: step.wait });
      const id = `l${this.#acquired++}`;
      const ifBusy = step.fail ? "FAIL" : "QUEUE";
      client.command = acquireCommand(id, step.needs, {
        ttl: step.ttl,
        ticketTtl: 20_000_000,
        ifBusy,
        ...(step.keyed && { requestId: `r-${id}` }),
      });
      this.#acquire(client);
    } else if (step.what === "retry" && client.command?.requestId !== undefined) this.#acquire(client);
    else if (step.what === "vanish") this.#vanish(client);
    else if (client.lease !== undefined) this.#touch(step.what, client, client.lease, engine);
  }

  #acquire(client: Client): void {
    const { command, line, wait } = client;
    if (command === undefined) return;
    const asked = { pool: "default", command: { ...command, id: `${command.id}-${++client.calls}` }, wait };
    const full = this.#full;
    void this.#hear(line, this.machine.engine.acquire(asked, line), (reply) => {
      expectThat(full === undefined || full !== this.#full, `${command.id} was decided on a full disk`);
      if (!reply.ok) {
        // A retry of what has ended is refused likewise: with FAIL an answer means HELD.
        expectThat(command.ifBusy === "FAIL", `an acquire was refused: ${reply.message}`);
        client.ended = true;
        return count(reply.reason);
      }
      const { lease } = reply;
      if (lease === undefined) return;
      if (command.requestId !== undefined) this.#sameLease(command.requestId, lease.id);
      this.#told(client, lease);
    });
  }

  #touch(what: Step["what"], client: Client, id: string, engine: Engine): void {
    const by = { principal: "admin" };
    const { line } = client;
    const learn = (reply: Reply | undefined) => {
      if (reply?.ok && reply.lease) this.#told(client, reply.lease);
    };
    if (what === "poll")
      void this.#hear(
        line,
        engine.views.lease(id).then((found) => found && engine.look(found, true, undefined, line)),
        (found) => found && this.#told(client, found.lease),
      );
    else if (what === "attend") {
      client.stream?.break();
      client.stream = new Line();
      void this.#follow(client, id, client.stream);
    } else if (what === "leave") client.stream?.break();
    else if (what === "renew") void this.#hear(line, engine.renew({ type: "renew", by, lease: id }, line), learn);
    else if (what === "release")
      void this.#hear(line, engine.submitFor(id, { type: "release", by, lease: id, outcome: "OK", note: "" }, line), learn);
  }

  /** As WatchLease does it. */
  async #follow(client: Client, id: string, line: Line): Promise<void> {
    const { engine } = this.machine;
    const found = await engine.views.lease(id);
    if (found === undefined || line.signal.aborted) return;
    let leave = () => {};
    let view: LeaseView | undefined;
    const opened = engine.attend(found, line).then((stream) => {
      leave = stream.leave;
      return stream.view;
    });
    await this.#hear(line, opened, (first) => {
      view = first;
    });
    while (view !== undefined && view.lease.state !== "ENDED" && !line.signal.aborted) {
      this.#told(client, view.lease);
      await engine.changed(view.lease, line.signal);
      const next: LeaseView | undefined = await engine.views.lease(id);
      view = undefined;
      if (next === undefined || line.signal.aborted) break;
      await this.#hear(line, engine.keep(next, line), (kept) => {
        view = kept;
      });
    }
    leave();
  }

  /** Its connections break: an answer on the way is lost, an open stream closes. */
  #vanish(client: Client): void {
    count("vanished");
    client.stream?.break();
    const { engine } = this.machine;
    const orphans = [...engine.views.pool("default").leases.values()].filter((lease) => lease.holder.name === client.command?.holder.name);
    const lost = client.line.break();
    client.line = new Line();
    if (client.command === undefined || client.command.requestId !== undefined) return;
    if (lost) for (const lease of orphans) this.#withdrawn.set(lease.id, this.machine.deaths);
    client.ended = true;
  }

  async #hear<T>(line: Line, answer: Promise<T>, learn: (answer: T) => void): Promise<void> {
    const life = this.machine.deaths;
    try {
      const heard = await answer;
      if (life !== this.machine.deaths || line.signal.aborted) return;
      line.heard();
      learn(heard);
    } catch (error) {
      const { reason } = error as { reason?: string };
      if (reason !== "STORAGE_FULL" && reason !== "CALLER_GONE") throw error;
      count(reason === "STORAGE_FULL" ? "disk full" : "caller gone");
    }
  }

  #told(client: Client, lease: Lease): void {
    client.lease = lease.id;
    if (lease.state === "HELD") {
      // A machine that died may have passed it over without telling us.
      const passed = this.#passed.has(lease.id) || this.machine.deaths > 0;
      expectThat(client.token === undefined || passed || lease.fencingToken === client.token, `${lease.id} changed its token`);
      client.token = lease.fencingToken;
      client.promised = Math.max(client.promised, lease.deadline ?? 0);
    }
    if (lease.state === "ENDED") client.ended = true;
  }

  #sameLease(requestId: string, lease: string): void {
    const before = this.#byRequest.get(requestId);
    expectThat(before === undefined || before === lease, `${requestId} has two leases: ${before} and ${lease}`);
    this.#byRequest.set(requestId, lease);
  }

  /** What was acknowledged is there. */
  async #check(): Promise<void> {
    const { views } = this.machine.engine;
    checkPool(views.pool("default"));
    this.#checkTime();
    for (const [lease, life] of this.#withdrawn) {
      const excused = this.machine.full || this.machine.busy || life !== this.machine.deaths;
      expectThat(excused || views.live(lease) === undefined, `${lease} is alive although nobody can come back for it`);
      this.#withdrawn.delete(lease);
    }
    for (const client of this.#clients) {
      if (client.lease === undefined) continue;
      const lease =
        views.pool("default").leases.get(client.lease) ?? (await this.machine.rows.find({ leases: [client.lease], requests: [] }))[0];
      expectThat(lease !== undefined, `${client.lease} was acknowledged, and is lost`);
      if (client.ended && client.token !== undefined && lease?.state === "HELD")
        expectThat(!this.#wasReleased(client), `${client.lease} came back`);
    }
  }

  /** While the disk is full nobody can renew for long: time runs on for half a second. */
  #checkTime(): void {
    const { deaths: life, engine, full, short } = this.machine;
    const now = engine.views.now();
    if (!full || !short) this.#full = undefined;
    else if (this.#full?.life !== life) this.#full = { at: now, life };
    const ran = this.#full === undefined ? 0 : now - this.#full.at;
    expectThat(ran <= 500_000, `time ran on for ${ran} µs on a full disk`);
  }

  #wasReleased(client: Client): boolean {
    return this.events.some((event) => event.cause?.leaseId === client.lease && event.cause?.state === "ENDED");
  }

  #observe(engine: Engine): void {
    if (this.machine.deaths > 0) count("died");
    // Whatever was open went with the server.
    for (const client of this.#clients) Object.assign(client, { line: new Line(), stream: undefined });
    for (const lease of engine.views.pool("default").leases.values()) {
      const grace = Math.min(lease.ttl ?? 0, 60_000_000);
      const left = (lease.deadline ?? 0) - engine.views.now();
      expectThat(lease.state !== "HELD" || lease.graced || left >= grace, `${lease.id} has ${left} µs after a start, less than its grace`);
    }
  }

  #witness(event: Event): void {
    this.events.push(event);
    const { cause } = event;
    if (cause === undefined) return;
    const row = this.machine.engine.views.pool("default").leases.get(cause.leaseId);
    if (this.machine.short) count("written to the reserve");
    // A lease waits once when it comes, and again when an offer to it was not claimed.
    const passedOver = cause.state === "QUEUED" && this.#waited.has(cause.leaseId);
    if (cause.state === "QUEUED" || cause.state === "OFFERED") this.#waited.add(cause.leaseId);
    if (passedOver) this.#passed.add(cause.leaseId);
    count(cause.endReason ?? (passedOver ? "passed over" : cause.state));
    const client = this.#clients.find((candidate) => candidate.lease === cause.leaseId);
    if (cause.endReason === "EXPIRED" && client !== undefined)
      expectThat(event.at >= client.promised, `${cause.leaseId} expired ${client.promised - event.at} µs before its promised end`);
    const token = row?.fencingToken;
    if (token === undefined) return;
    for (const { name } of event.environments) {
      const highest = this.#tokens.get(name) ?? 0;
      expectThat(token >= highest, `${name} was granted with token ${token} after ${highest}`);
      this.#tokens.set(name, token);
    }
  }
}
