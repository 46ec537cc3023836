/** What call-me answers, and what it writes: taken from the checkout's own server, in this process and in memory, called by one client. */
import { type MessageInitShape, type MessageShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { start } from "../../src/app.ts";
import { limits } from "../../src/core/limits.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { type BatchRows, rowsOf } from "../../src/store/sqlite/rows.ts";
import { Caller } from "../caller.ts";

const { acquire, release, renew, check } = LockService.method;
const METHODS = { acquire, release, renew, check };
const ENVIRONMENTS = 500;
/** So many Renews and pairs. */
const TURNS = 2_000;

/** An answer of each method, by its path, as each protocol has it. */
type Answers = Readonly<Record<string, { readonly grpc: Buffer; readonly json: Buffer }>>;

export interface Recording {
  readonly answers: Answers;
  /** The transactions of each Renew: one. */
  readonly renewals: readonly (readonly BatchRows[])[];
  /** The transactions of each pair: that of an Acquire, and that of its Release. */
  readonly pairs: readonly (readonly BatchRows[])[];
}

/** Keeps what is written besides writing it. */
class Recorder extends MemoryMedium {
  written: BatchRows[] = [];

  override async write(...[batch, fresh]: Parameters<MemoryMedium["write"]>): ReturnType<MemoryMedium["write"]> {
    this.written.push(rowsOf(batch));
    return await super.write(batch, fresh);
  }

  /** What each of many turns has written. */
  async during(turn: (number: number) => Promise<unknown>): Promise<BatchRows[][]> {
    const turns: BatchRows[][] = [];
    for (let number = 0; number < TURNS; number++) {
      this.written = [];
      await turn(number);
      turns.push(this.written);
    }
    return turns;
  }
}

let recording: Promise<Recording> | undefined;

/** Made at the first call. */
export function record(): Promise<Recording> {
  recording ??= make();
  return recording;
}

async function make(): Promise<Recording> {
  const medium = new Recorder();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const settings = { hostFor: () => "127.0.0.1", port: 0, apiKey: undefined, autoCreate: true, legacyTtl: undefined, direct: true };
  const retention = { span: limits.history, entries: limits.archive.events.min };
  const archive = new MemoryArchive();
  const app = await start({ ...settings, corsOrigins: new Set(), medium, archive, retention, log });
  const answers: Record<string, Answers[string]> = {};
  const caller = new Caller({ url: `http://127.0.0.1:${app.port}`, key: "" });
  const call = async <M extends (typeof METHODS)[keyof typeof METHODS]>(method: M, message: MessageInitShape<M["input"]>) => {
    const answer: MessageShape<M["output"]> = await caller.call(method, message);
    answers[`/${LockService.typeName}/${method.name}`] ??= {
      grpc: Buffer.from(toBinary(method.output, answer)),
      json: Buffer.from(toJsonString(method.output, answer)),
    };
    return answer;
  };
  const pair = async (turn: number) => {
    const { lease } = await call(acquire, { environment: `bench-0-${turn % ENVIRONMENTS}` });
    await call(release, { leaseId: lease?.id ?? "" });
  };
  try {
    // The first ones make the environments.
    for (let turn = 0; turn < ENVIRONMENTS; turn++) await pair(turn);
    const pairs = await medium.during(pair);
    const { lease } = await call(acquire, { environment: "bench-0-0" });
    await call(check, { environment: "bench-0-0" });
    const renewals = await medium.during(() => call(renew, { leaseId: lease?.id ?? "" }));
    return { answers, pairs, renewals };
  } finally {
    caller[Symbol.dispose]();
    await app.stop(0);
  }
}
