/** All clients: those who come, wait, lose their connections and come back. */

import type { Micros } from "../../src/core/model/units.ts";
import type { Batch } from "../../src/store/medium.ts";
import type { Commit } from "../../src/store/store.ts";
import { acquireCommand } from "../core/world.ts";
import { superseding } from "./branches.ts";
import type { Calls } from "./calls.ts";
import { Client, commandOf } from "./client.ts";
import { checkQuotas, GUEST, QUOTA } from "./guests.ts";
import type { Judge } from "./judge.ts";
import { Line } from "./line.ts";
import type { Machine } from "./machine.ts";
import { count } from "./seen.ts";
import type { Break, ClientStep } from "./steps.ts";

type Request = Extract<ClientStep, { what: "acquire" }>;

/** From this one on they call with another key, which may have one lease at a time between them. */
const GUESTS = 4;

export class Crowd {
  readonly #machine: Machine;
  readonly #judge: Judge;
  readonly #calls: Calls;
  readonly #present = new Map<number, Client>();
  /** Those whose connections break at the very commit that offers them something. */
  readonly #dropping = new Set<Client>();
  /** Those whose connections break while it is written that they hold what they were offered. */
  readonly #cutting = new Set<Client>();

  constructor(machine: Machine, judge: Judge, calls: Calls) {
    this.#machine = machine;
    this.#judge = judge;
    this.#calls = calls;
  }

  at(who: number): Client | undefined {
    return this.#present.get(who);
  }

  /** Their key is revoked: what they wait for ends. */
  revoked(): void {
    for (const client of this.#judge.clients.values()) if (client.command.by.principal === GUEST) client.givesBack = true;
  }

  take(step: ClientStep): void {
    const client = this.#present.get(step.who);
    if (step.what === "acquire") {
      if (client === undefined || client.ended) this.#come(step, client);
    } else if (client !== undefined) this.#act(step, client);
  }

  /** At the very moment of a commit, before anybody else hears of it. */
  committed({ events }: Commit): void {
    this.#judge.noting(() => checkQuotas(this.#machine.engine.views));
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
      Object.assign(client, { line: new Line(), stream: undefined, open: new Set(), unnoticed: 0 });
    }
  }

  /** Nobody reads a stream any more. */
  leave(): void {
    for (const client of this.#present.values()) client.stream?.break();
  }

  #come(step: Request, before: Client | undefined): void {
    before?.stream?.break();
    const id = `l${this.#judge.clients.size}`;
    const plain = acquireCommand(id, step.needs);
    const now = this.#machine.engine.views.now();
    const begin = now + (step.fail ? 0 : step.begins);
    const itself = step.ends > 0 && step.itself !== "no";
    const command = acquireCommand(id, step.needs, {
      ...(!(itself && step.itself === "without ttl") && { ttl: step.ttl }),
      ...(begin !== now && { notBefore: begin }),
      ...(step.ends > 0 && { notAfter: Math.max(now, begin) + step.ends }),
      ...(itself && { autoClaim: true }),
      ...superseding(step.branch),
      ticketTtl: step.ticketTtl,
      claimTimeout: step.claimTimeout,
      priority: step.priority,
      ifBusy: step.fail ? "FAIL" : "QUEUE",
      ...(step.holds > 0 && { maxHold: step.holds * step.ttl }),
      ...(step.keyed && { requestId: `r-${id}` }),
      ...(step.who < GUESTS ? {} : { by: { principal: GUEST }, quotas: [QUOTA] }),
      holder: {
        ...plain.holder,
        name: step.holder === "name" ? plain.holder.name : "",
        runUrl: step.holder === "run" ? "https://ci/1" : "",
      },
    });
    const client = new Client(command, step.pool, step.wait, this.#machine.deaths);
    this.#present.set(step.who, client);
    this.#judge.clients.set(id, client);
    void this.#calls.acquire(client);
  }

  #act(step: Exclude<ClientStep, Request>, client: Client): void {
    const { lease } = client;
    if (step.what === "retry") {
      if (client.command.requestId !== undefined) void this.#calls.acquire(client);
    } else if ("forGood" in step) this.#break(step, client);
    else if (step.what === "leave") client.stream?.break();
    else if (lease !== undefined) this.#calls.make(step.what, client, lease, "span" in step ? step.span : 0);
  }

  #break(step: Break, client: Client): void {
    client.leaves ||= step.forGood;
    if (step.what === "silence") this.#fallSilent(client, step.hears, step.noticed);
    else if (step.what === "vanish") this.#vanish(client, this.#judge.commits + 1);
    else if (step.what === "drop") this.#dropping.add(client);
    else this.#cutting.add(client);
  }

  /** Somebody else comes in its place. */
  #lose(client: Client): void {
    for (const [who, one] of this.#present) if (one === client && client.leaves) this.#present.delete(who);
  }

  /** Its connections break: an answer on the way is lost, an open stream closes. */
  #vanish(client: Client, commit: number): void {
    count("vanished");
    this.#lose(client);
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
    this.#lose(client);
    const { line, stream } = client;
    const life = this.#machine.deaths;
    client.line = new Line();
    client.stream = undefined;
    for (const one of [line, stream]) if (one !== undefined) one.silent = hears ? "one-way" : "both ways";
    if (!hears && client.command.requestId === undefined) client.ended = true;
    this.#judge.lost(client, { commit: this.#judge.commits + 1, silently: true });
    client.unnoticed++;
    this.#machine.time.after(noticed / 1_000, () => {
      if (life !== this.#machine.deaths) return;
      client.unnoticed--;
      stream?.break();
      this.#broken(client, line);
    });
  }

  #broken(client: Client, line: Line): void {
    const { command } = client;
    const orphans = this.#judge.leasesOf(client);
    const lost = line.break();
    // What is being written was decided before that.
    for (const open of client.open) if (open.signal.aborted) open.late ??= this.#judge.commits + (this.#machine.writing > 0 ? 2 : 1);
    // Until now the server took it to be there; what it then takes back has its full ticket from now on.
    client.signed = this.#machine.engine.views.now();
    // By its token it may have asked over another connection since then.
    if (command.requestId !== undefined || client.token !== undefined || !client.isAway) return;
    if (lost) for (const id of orphans) this.#judge.orphaned(id);
    client.ended = true;
  }
}
