// Clients that take, wait for, renew and give back leases over every protocol, and write down what they were told.
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EndReasonSchema, type Lease, LeaseStateSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { type Clients, fenceOf, leaseIn, seconds } from "../outside/clients.ts";
import type { Call, Sight } from "./history.ts";

type Locks = Clients["locks"];

/** Numbers from 0 to 1, the same for the same seed. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return (((mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61))) >>> 0) % 2 ** 24) / 2 ** 24;
  };
}

interface Want {
  readonly name: string;
  readonly environment: string;
  /** Its name is sent as request_id: it is asked for again until it is answered. The others end by themselves, soon. */
  readonly repeatable: boolean;
}

const SHORT = seconds(1);
const LONG = seconds(60);

/** A crowd of clients. They call until they are told to finish, and rest while paused. */
export class Load {
  readonly calls: Call[] = [];
  readonly #doors: readonly Locks[];
  readonly #environments: readonly string[];
  readonly #random: Random;
  readonly #written = new Map<string, number>();
  readonly #crowd: Promise<void>[] = [];
  #gate: PromiseWithResolvers<void> | undefined;
  #open = 0;
  #finishing = false;
  #answered = 0;
  #looking: (() => void)[] = [];

  constructor(doors: readonly Locks[], environments: readonly string[], clients: number, random: Random) {
    this.#doors = doors;
    this.#environments = environments;
    this.#random = random;
    for (let client = 0; client < clients; client++) this.#crowd.push(this.#live(client));
  }

  /** Resolves when so many more calls have been answered. */
  async answered(count: number): Promise<void> {
    const goal = this.#answered + count;
    await this.#until(() => this.#answered >= goal);
  }

  /** No call goes out from now on; resolves when none is open. */
  async pause(): Promise<void> {
    this.#gate ??= Promise.withResolvers();
    await this.#until(() => this.#open === 0);
  }

  resume(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Resolves when every client has given back what it holds. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await Promise.all(this.#crowd);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#looking.push(resolve));
  }

  async #live(client: number): Promise<void> {
    for (let turn = 0; !this.#finishing; turn++) {
      const environment = this.#environments[Math.floor(this.#random() * this.#environments.length)] ?? "";
      await this.#take({ name: `${client}.${turn}`, environment, repeatable: this.#random() < 0.75 });
    }
  }

  /** One lease from its beginning to its end, or to where its client loses sight of it. */
  async #take(want: Want): Promise<void> {
    let lease = want.repeatable ? await this.#persist(() => this.#acquire(want)) : known(await this.#acquire(want));
    const key = lease?.key ?? "";
    while (lease?.state === "QUEUED" || lease?.state === "OFFERED") {
      const { id } = lease;
      const headers = { "x-api-key": key };
      lease = await this.#persist(() => this.#call("look", want, (door) => door.getLease({ leaseId: id, wait: LONG }, { headers })));
    }
    if (lease?.state !== "HELD") return;
    const { id, fence } = lease;
    this.#write(want, fence);
    while (this.#random() < 0.4) await this.#call("renew", want, (door) => door.renew({ leaseId: id }));
    if (want.repeatable && this.#random() < 0.2) await this.#acquire(want);
    this.#write(want, fence);
    if (!want.repeatable && this.#random() < 0.2) return;
    await this.#persist(() => this.#call("release", want, (door) => door.release({ leaseId: id })));
  }

  #acquire(want: Want): Promise<Told> {
    const patience = want.repeatable ? LONG : SHORT;
    return this.#call("acquire", want, (door) =>
      door.acquire({
        environment: want.environment,
        holder: { name: want.name },
        requestId: want.repeatable ? want.name : "",
        // Nobody could come back for its place in line, and after a start an offer to it would stand for half a minute.
        ifBusy: want.repeatable ? IfBusy.QUEUE : IfBusy.FAIL,
        wait: want.repeatable && this.#random() < 0.5 ? LONG : SHORT,
        ttl: patience,
        ticketTtl: patience,
        claimTimeout: patience,
      }),
    );
  }

  /** Again, until it is known what became of it. */
  async #persist(call: () => Promise<Told>): Promise<Sight | undefined> {
    for (;;) {
      const seen = await call();
      if (seen !== "unknown") return seen;
    }
  }

  /** What it was told; "unknown" if the call may have been carried out or not, undefined if it was refused. */
  async #call(
    verb: Call["verb"],
    { name: want, environment }: Want,
    call: (door: Locks) => Promise<{ readonly lease?: Lease | undefined; readonly leaseToken?: string }>,
  ): Promise<Told> {
    while (this.#gate !== undefined) await this.#gate.promise;
    const door = this.#doors[Math.floor(this.#random() * this.#doors.length)];
    if (door === undefined) throw new Error("a load needs a client");
    const invoked = performance.now();
    const record = { verb, want, environment, invoked };
    this.#open++;
    try {
      const answer = await call(door);
      const lease = sightOf(leaseIn(answer), answer.leaseToken ?? "");
      this.calls.push({ ...record, returned: performance.now(), outcome: "ok", lease });
      this.#answered++;
      return lease;
    } catch (error) {
      const unknown = isUnknown(error);
      this.calls.push({ ...record, returned: performance.now(), outcome: unknown ? "unknown" : "refused" });
      return unknown ? "unknown" : undefined;
    } finally {
      this.#open--;
      for (const look of this.#looking.splice(0)) look();
    }
  }

  /** To what the environment stands for: it takes no token below the highest that it has seen. */
  #write({ name: want, environment }: Want, fence: number): void {
    const at = performance.now();
    const taken = fence >= (this.#written.get(environment) ?? 0);
    if (taken) this.#written.set(environment, fence);
    this.calls.push({ verb: "write", want, environment, fence, invoked: at, returned: at, outcome: taken ? "ok" : "refused" });
  }
}

type Told = Sight | "unknown" | undefined;

function known(told: Told): Sight | undefined {
  return told === "unknown" ? undefined : told;
}

/** A lease as a history keeps it. */
export function sightOf(lease: Lease, key = ""): Sight {
  return {
    id: lease.id,
    key,
    state: LeaseStateSchema.value[lease.state]?.localName as Sight["state"],
    reason: lease.endReason === EndReason.UNSPECIFIED ? "" : (EndReasonSchema.value[lease.endReason]?.localName ?? ""),
    fence: Number(fenceOf(lease)),
    ttl: lease.ttl === undefined ? Number.POSITIVE_INFINITY : durationMs(lease.ttl),
  };
}

/** Whether a call that threw this may have been carried out: the server did not say, or said so. */
function isUnknown(thrown: unknown): boolean {
  const error = ConnectError.from(thrown);
  return error.findDetails(ErrorInfoSchema).length === 0 || error.code === Code.Unavailable;
}
