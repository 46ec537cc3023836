import { describe, expect, test } from "vitest";
import type { Acquire, Reply } from "../../src/core/command.ts";
import type { EngineCall } from "../../src/engine/call.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { acquireCommand, MINUTE, SECOND } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { type Stage, settled, stage } from "./stage.ts";

const by = { principal: "admin" };

/** Asks for `needs`, and waits in line for a minute. */
function ask(engine: Engine, id: string, line: EngineCall = new Line(), more: Partial<Acquire> = {}, wait = MINUTE): Promise<Reply> {
  return engine.acquire({ pool: "default", command: acquireCommand(id, "uat", more), wait }, line);
}

/** What a lease is now; undefined when it has ended. */
function stateOf({ engine }: Stage, lease: string): string | undefined {
  return engine.views.live(lease)?.lease.state;
}

async function occupied(): Promise<Stage> {
  const room = await stage();
  await ask(room.engine, "holder");
  return room;
}

async function free({ engine }: Stage): Promise<void> {
  await engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
  await settled();
}

describe("an Acquire", () => {
  test("that waits is answered with the hold, which its open wait has claimed", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next");
    await settled();
    await free(room);
    expect(await waiting).toMatchObject({ ok: true, lease: { id: "next", state: "HELD" } });
  });

  test("whose time is over is answered QUEUED, and keeps its place until its ticket runs out", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next", new Line(), { requestId: "r" });
    await settled();
    room.timers.fire();
    expect(await waiting).toMatchObject({ ok: true, lease: { id: "next", state: "QUEUED" } });
    room.clock.time += MINUTE + SECOND;
    room.timers.fire();
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });

  test("whose connection breaks while it waits is withdrawn without a request_id, and keeps its place with one", async () => {
    const room = await occupied();
    const [nobody, somebody] = [new Line(), new Line()];
    void ask(room.engine, "nobody", nobody);
    void ask(room.engine, "somebody", somebody, { requestId: "r" });
    await settled();
    nobody.break();
    somebody.break();
    await settled();
    expect([stateOf(room, "nobody"), stateOf(room, "somebody")]).toEqual([undefined, "QUEUED"]);
  });

  test("claims nothing for a caller whose connection is broken", async () => {
    const room = await occupied();
    const line = new Line();
    void ask(room.engine, "next", line, { requestId: "r" });
    await settled();
    line.break();
    await free(room);
    expect(stateOf(room, "next")).toBe("OFFERED");
  });

  test("takes a hold back that it has claimed at the very moment at which its connection broke", async () => {
    const room = await occupied();
    const line = new Line();
    const waiting = ask(room.engine, "next", line, { requestId: "r" });
    await settled();
    await room.engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
    // The claim is in its write.
    const claiming = room.disk.hang();
    await claiming;
    line.break();
    room.disk.flow();
    await waiting;
    await settled();
    expect(stateOf(room, "next")).toBe("OFFERED");
  });

  test.each([
    ["that did not arrive is offered again", undefined, "OFFERED"],
    ["that did not arrive is left to a later call that has named the lease", "renew", "HELD"],
    ["that did not arrive is left to a retry", "acquire", "HELD"],
  ] as const)("with a request_id: an answer %s", async (_, later, state) => {
    const room = await stage();
    const lines = [new Line(), new Line()];
    await ask(room.engine, "mine", lines[0], { requestId: "r" });
    if (later === "renew") await room.engine.renew({ type: "renew", by, lease: "mine" }, lines[1] ?? new Line());
    if (later === "acquire") await ask(room.engine, "again", lines[1], { requestId: "r" });
    lines[0]?.break();
    await settled();
    expect(stateOf(room, "mine")).toBe(state);
  });

  test("of one who went while the retry was on its way is held for the retry", async () => {
    const room = await stage();
    const [first, second] = [new Line(), new Line()];
    await ask(room.engine, "mine", first, { requestId: "r" });
    const stuck = room.disk.hang();
    void room.engine.submit("default", acquireCommand("other", "elsewhere"));
    await stuck;
    const retry = ask(room.engine, "again", second, { requestId: "r" });
    first.break();
    room.disk.flow();
    expect(await retry).toMatchObject({ ok: true, lease: { id: "mine", state: "HELD" } });
    await settled();
    expect(stateOf(room, "mine")).toBe("HELD");
  });

  test("that was answered after a retry had begun may be lost with it", async () => {
    const room = await stage();
    const line = new Line();
    const hung = room.disk.hang();
    const first = ask(room.engine, "mine", line, { requestId: "r" });
    await hung;
    const retry = ask(room.engine, "again", line, { requestId: "r" });
    room.disk.flow();
    await Promise.all([first, retry]);
    line.break();
    await settled();
    expect(stateOf(room, "mine")).toBe("OFFERED");
  });

  test("that may have arrived is not forgotten when another one, lost later, cannot have", async () => {
    const room = await stage();
    const lines = [new Line(), new Line()] as const;
    const calls = [lines[0].call(), lines[1].call()] as const;
    const hung = room.disk.hang();
    const first = ask(room.engine, "mine", calls[0], { requestId: "r" });
    await hung;
    const retry = ask(room.engine, "again", calls[1], { requestId: "r" });
    room.disk.flow();
    await Promise.all([first, retry]);
    calls[0].write();
    for (const line of lines) line.break();
    await settled();
    expect(room.engine.views.live("mine")?.lease).toMatchObject({ state: "OFFERED", told: true });
  });
});

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

  test("leaves nothing in line where its connection is lost at the moment of its grant", async () => {
    let granted = () => {};
    const room = await stage(undefined, { committed: () => granted() });
    await ask(room.engine, "holder");
    const line = new Line();
    void ask(room.engine, "next", line, { ...FAIL, requestId: "r" });
    await settled();
    granted = () => line.break();
    await free(room);
    expect(stateOf(room, "next")).toBeUndefined();
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

describe("a look by the lease's token", () => {
  /** A lease that is offered, and the look that claims it over `line`. */
  async function looked(line: Line, requestId: string | undefined): Promise<Stage> {
    const room = await occupied();
    await ask(room.engine, "next", new Line(), requestId === undefined ? {} : { requestId }, 0);
    await free(room);
    const view = room.engine.views.live("next");
    if (view === undefined) throw new Error("it is offered");
    expect((await room.engine.look(view, true, undefined, line)).lease.state).toBe("HELD");
    return room;
  }

  test("gives the lease that it claims: if it does not arrive, the lease is offered again", async () => {
    const line = new Line();
    const room = await looked(line, "r");
    line.break();
    await settled();
    expect(stateOf(room, "next")).toBe("OFFERED");
  });

  test("is no longer what the lease hangs on once another call has named it", async () => {
    const line = new Line();
    const room = await looked(line, undefined);
    await room.engine.renew({ type: "renew", by, lease: "next" }, new Line());
    line.break();
    await settled();
    expect(stateOf(room, "next")).toBe("HELD");
  });
});
