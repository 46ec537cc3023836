/** Several who are told of one lease: what becomes of it when not all of their answers arrive. */
import { describe, expect, test } from "vitest";
import type { LeaseView } from "../../src/engine/views.ts";
import { acquireCommand, MINUTE, SECOND } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { ask, by, free, occupied, stateOf } from "./asking.ts";
import { type Stage, settled } from "./stage.ts";

/** A stage on which `next` is offered to a caller who has its token, and no request_id. */
async function offered(): Promise<Stage> {
  const room = await occupied();
  await ask(room.engine, "next", new Line(), {}, 0);
  await free(room);
  return room;
}

/** The lease by its token, over `line`; undefined where the call fails. */
function look(room: Stage, line: Line, wait?: number): Promise<LeaseView | undefined> {
  const view = room.engine.views.live("next");
  if (view === undefined) throw new Error("it has ended");
  return room.engine.look(view.lease, true, wait, line).catch(() => undefined);
}

/** A write of somebody else waits for the disk. */
async function stuck(room: Stage): Promise<void> {
  const waits = room.disk.hang();
  void room.engine.submit("default", acquireCommand("other", "elsewhere"));
  await waits;
}

describe("a lease that several calls by its token are told of", () => {
  test("is kept for the one who hears of it when another one's answer is lost in the same moment", async () => {
    const room = await offered();
    const lines = [new Line(), new Line()] as const;
    const writing = room.disk.hang();
    const looks = lines.map((line) => look(room, line));
    await writing;
    lines[0].break();
    room.disk.flow();
    expect((await looks[1])?.lease.state).toBe("HELD");
    await settled();
    expect(stateOf(room, "next")).toBe("HELD");
  });

  test("is kept for who asks before it is its turn to be taken back", async () => {
    const room = await offered();
    const lost = new Line();
    await look(room, lost);
    await stuck(room);
    lost.break();
    const asking = look(room, new Line());
    await settled();
    room.disk.flow();
    expect((await asking)?.lease.state).toBe("HELD");
    await settled();
    expect(stateOf(room, "next")).toBe("HELD");
  });

  test("is not said to be held to who asks while it is being taken back", async () => {
    const room = await offered();
    const lost = new Line();
    await look(room, lost);
    const writing = room.disk.hang();
    lost.break();
    await writing;
    const asking = look(room, new Line());
    room.disk.flow();
    expect((await asking)?.lease).toMatchObject({ state: "ENDED", endReason: "WITHDRAWN" });
  });

  test("is kept for a stream that tells of it, although another call has claimed it", async () => {
    const room = await occupied();
    const [waits, reads] = [new Line(), new Line()];
    await ask(room.engine, "next", new Line(), {}, 0);
    const waiting = look(room, waits, MINUTE);
    const queued = room.engine.views.live("next");
    if (queued === undefined) throw new Error("it waits");
    await room.engine.attend(queued, reads);
    await free(room);
    expect((await waiting)?.lease.state).toBe("HELD");
    const held = room.engine.views.live("next");
    if (held === undefined) throw new Error("it is held");
    await room.engine.keep(held, reads);
    waits.break();
    await settled();
    expect(stateOf(room, "next")).toBe("HELD");
    reads.break();
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });

  test("is taken back when the call that it was kept for fails", async () => {
    const room = await offered();
    const [lost, fails] = [new Line(), new Line()];
    const writing = room.disk.hang();
    const first = look(room, lost);
    await writing;
    const second = room.engine.renew({ type: "renew", by, lease: "next" }, fails).catch(() => undefined);
    room.disk.flow();
    await first;
    lost.break();
    fails.break();
    await second;
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });

  test("is not claimed for a caller who is gone before its turn", async () => {
    const room = await occupied();
    await ask(room.engine, "next", new Line(), { requestId: "r", claimTimeout: SECOND }, 0);
    await free(room);
    await stuck(room);
    const gone = new Line();
    const asking = look(room, gone);
    await settled();
    gone.break();
    room.disk.flow();
    expect(await asking).toBeUndefined();
    await settled();
    expect(room.engine.views.live("next")?.lease).toMatchObject({ state: "OFFERED" });
    expect(room.engine.views.live("next")?.lease.heldAt).toBeUndefined();
  });
});
