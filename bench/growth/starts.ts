/** How long a start takes, beside that of a Node that does nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { Caller } from "../caller.ts";
import { median } from "../compare/rounds.ts";
import { figure, table } from "../compare/table.ts";
import { addEnded } from "./history.ts";
import { type House, Room, timed } from "./room.ts";

const { acquire, release } = LockService.method;
const { applyEnvironments } = EnvironmentService.method;

const ROUNDS = 9;

async function bare(): Promise<void> {
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
}

/** From spawn to ready; on both cores, as nothing else runs then. */
async function empty({ program }: House): Promise<void> {
  await using _ = await Room.open({ program, cores: undefined });
}

/** So many held, and as many in line. */
async function crowd({ server }: Room, size: number): Promise<void> {
  using caller = new Caller(server);
  await caller.call(applyEnvironments, { environments: [{ name: "uat", capacity: size }] });
  await caller.many(2 * size, (index) => caller.call(acquire, { environment: "uat", requestId: `lease-${index}` }));
}

async function past({ server }: Room): Promise<void> {
  using caller = new Caller(server);
  const { lease } = await caller.call(acquire, { environment: "past", requestId: "past" });
  await caller.call(release, { leaseId: lease?.id ?? "" });
}

/** The table, in Markdown. */
export async function starts(house: House, say: (progress: string) => void): Promise<string> {
  say("starts");
  const [bares, empties, crowded, long]: number[][] = [[], [], [], []];
  const here = { ...house, cores: undefined };
  await using room = await Room.open(here);
  await crowd(room, 10_000);
  await using old = await Room.open(here);
  await past(old);
  await old.restart("stop", () => addEnded(path.join(old.server.directory, "call-me.db"), 1_000_000, "admin", "past"));
  for (let round = 0; round < ROUNDS; round++) {
    bares?.push(await timed(bare));
    empties?.push(await timed(() => empty(here)));
    crowded?.push(await room.restart("kill9"));
    long?.push(await old.restart("kill9"));
  }
  const unit = median(bares ?? []);
  const row = (what: string, times: readonly number[] = []) => [what, figure(median(times)), `${figure(median(times) / unit)} ×`];
  return table(
    ["from the start of the process to ready", "ms", "to a bare Node"],
    [
      row("a bare Node: `node -e 0`, to its end", bares),
      row("on an empty store", empties),
      row("after kill -9, with 10,000 held and 10,000 in line", crowded),
      row("after kill -9, with 1,000,000 ended leases", long),
    ],
  );
}
