// The thread of the history dies: what it was asked for fails, and the next one takes nothing before it knows what there is.
import path from "node:path";
import type { Worker } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { SqliteArchive } from "../../src/store/archive.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { acquire, START, second, storeOn, submit } from "./fixtures.ts";
import { directory } from "./places.ts";

const workers = vi.hoisted((): Worker[] => []);
vi.mock("node:worker_threads", async (original) => {
  const real = await original<typeof import("node:worker_threads")>();
  class Known extends real.Worker {
    constructor(...parameters: ConstructorParameters<typeof Worker>) {
      super(...parameters);
      workers.push(this);
    }
  }
  return { ...real, Worker: Known };
});

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  workers.length = 0;
});

async function archived() {
  const { store, clock } = await storeOn(new MemoryMedium());
  const archive = new SqliteArchive(path.join(directory(), "history.db"));
  closing.push(() => archive.close());
  archive.subscribe([{ to: "rule:ops", patterns: ["*"], kinds: ["granted"] }]);
  let part = await store.take(await archive.open(START));
  const happen = async (environment: string) => {
    clock.time += second;
    await submit(store, "default", acquire(`of ${environment}`, environment));
    part = await store.take();
    if (part === undefined) throw new Error("nothing happened");
    return part;
  };
  return { archive, happen };
}

test("what is appended to a thread that has begun since is refused until it is opened: then its letters are written, each once", async () => {
  const { archive, happen } = await archived();
  expect(await archive.append(await happen("uat"))).toMatchObject({ receivers: ["rule:ops"] });
  await workers[0]?.terminate();
  const part = await happen("lab");
  await expect(archive.append(part)).rejects.toThrow("it is not open yet");
  await expect(archive.mail.counts()).rejects.toThrow("it is not open yet");
  await archive.open(START);
  expect(await archive.append(part)).toMatchObject({ receivers: ["rule:ops"] });
  expect(await archive.mail.counts()).toEqual(new Map([["rule:ops", 2]]));
});

test("the end of a thread fails what that was asked for, and nothing of the next one", async () => {
  const { archive, happen } = await archived();
  const [dying] = workers;
  const asked = archive.mail.counts();
  dying?.emit("error", new Error("out of memory"));
  await expect(asked).rejects.toThrow("out of memory");
  const ending = dying?.terminate();
  const opening = archive.open(START);
  await ending;
  await opening;
  expect(await archive.append(await happen("uat"))).toMatchObject({ receivers: ["rule:ops"] });
});
