import { describe, expect, test } from "vitest";
import { MINUTE } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { ask, by, free, occupied, stateOf } from "./asking.ts";
import { settled, stage } from "./stage.ts";

describe("if_busy FAIL", () => {
  const FAIL = { ifBusy: "FAIL" } as const;

  test("is answered with the hold, if one comes in time", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next", new Line(), FAIL);
    await settled();
    expect(stateOf(room, "next")).toBe("QUEUED");
    await free(room);
    expect(await waiting).toMatchObject({ ok: true, lease: { id: "next", state: "HELD" } });
  });

  test("is refused when its time is over, and leaves nothing in line", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next", new Line(), FAIL);
    await settled();
    room.timers.fire();
    expect(await waiting).toMatchObject({ ok: false, reason: "ENVIRONMENT_BUSY", metadata: { lease_ids: "holder" } });
    expect(room.engine.views.pool("default").waiters).toBe(0);
  });

  test("is refused at once without a wait, and where its deadline leaves no time for one", async () => {
    const room = await occupied();
    expect(await ask(room.engine, "next", new Line(), FAIL, 0)).toMatchObject({ ok: false, reason: "ENVIRONMENT_BUSY" });
    const hasty = Object.assign(new Line(), { timeLeft: () => 250 });
    expect(await ask(room.engine, "next", hasty, FAIL)).toMatchObject({ ok: false, reason: "ENVIRONMENT_BUSY" });
  });

  test("keeps its place while another call waits for it, and gives it up with the last one", async () => {
    const room = await occupied();
    const [first, second] = [new Line(), new Line()];
    void ask(room.engine, "next", first, { ...FAIL, requestId: "r" });
    await settled();
    void ask(room.engine, "again", second, { ...FAIL, requestId: "r" });
    await settled();
    first.break();
    await settled();
    expect(stateOf(room, "next")).toBe("QUEUED");
    second.break();
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });

  test("keeps its place when one of its calls is lost while another one waits", async () => {
    const room = await occupied();
    const lines = [new Line(), new Line()] as const;
    for (const line of lines) void ask(room.engine, "next", line, { ...FAIL, requestId: "r" }).catch(() => undefined);
    await settled();
    lines[0].break();
    await settled();
    expect(stateOf(room, "next")).toBe("QUEUED");
    lines[1].break();
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });

  test("is kept for a retry as long as an offer, where its connection is lost at the moment of its grant, and leaves nothing in line", async () => {
    let granted = () => {};
    const room = await stage(undefined, { committed: () => granted() });
    await ask(room.engine, "holder");
    const line = new Line();
    void ask(room.engine, "next", line, { ...FAIL, requestId: "r" });
    await settled();
    granted = () => line.break();
    await free(room);
    expect(stateOf(room, "next")).toBe("OFFERED");
    room.clock.time += MINUTE;
    room.timers.fire();
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
    expect(room.engine.views.pool("default").waiters).toBe(0);
  });

  test("is refused when its place is taken from it meanwhile", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next", new Line(), FAIL);
    await settled();
    await room.engine.submit("default", { type: "forceRelease", by, lease: "next", reason: "no" });
    expect(await waiting).toMatchObject({ ok: false, reason: "ENVIRONMENT_BUSY" });
  });

  test("is told to come again when the server stops, not that it is busy", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next", new Line(), FAIL);
    await settled();
    room.engine.drain();
    await expect(waiting).rejects.toMatchObject({ reason: "DRAINING" });
    expect(room.engine.views.pool("default").waiters).toBe(0);
  });
});
