import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test, vi } from "vitest";
import type { Pool } from "../../src/core/model/pool.ts";
import { Wait } from "../../src/engine/attendance/wait.ts";
import { acquireCommand, MINUTE, SECOND } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { ask, by, free, occupied, stateOf } from "./asking.ts";
import { type Stage, settled, stage } from "./stage.ts";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
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

  test("is handed the environment over in the release's own commit, and answered in the turn in which that is known", async () => {
    const room = await occupied();
    const answers: string[] = [];
    const tell = (who: string) => () => answers.push(who);
    for (let place = 0; place < 1_000; place++)
      void ask(room.engine, `w${place}`, new Line(), { requestId: `${place}` }).then(tell(`w${place}`));
    await settled();
    const [waited, looked, writes] = [vi.spyOn(Wait.prototype, "next"), vi.spyOn(room.engine.views, "live"), room.disk.writes];
    const handing = room.disk.hang();
    void room.engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" }).then(tell("holder"));
    await handing;
    room.disk.flow();
    await new Promise((resolve) => process.nextTick(resolve));
    expect(answers).toEqual(["holder", "w0"]);
    await settled();
    // Nobody else of the thousand was woken, to go on waiting.
    expect([answers.length, room.disk.writes - writes, waited.mock.calls.length, looked.mock.calls.length]).toEqual([2, 1, 0, 2]);
    vi.restoreAllMocks();
  });

  test("that waits keeps no version of the pool, which is another one after every change", async () => {
    const room = await occupied();
    const versions: WeakRef<Pool>[] = [];
    for (let place = 0; place < 50; place++) {
      void ask(room.engine, `w${place}`, new Line(), { requestId: `${place}` });
      await settled();
      const { lease } = room.engine.views.live(`w${place}`) ?? {};
      if (lease !== undefined) for (const own of [true, false]) void room.engine.look(lease, own, MINUTE, new Line());
      versions.push(new WeakRef(room.engine.views.pool("default")));
    }
    // A collection may take what is left on the stack for a reference.
    const kept = () => {
      collectGarbage();
      return versions.filter((version) => version.deref() !== undefined).length;
    };
    await expect.poll(kept).toBe(1);
  });

  test("whose time runs out while its hold is being written is answered with the hold", async () => {
    const room = await occupied();
    const waiting = ask(room.engine, "next", new Line(), { requestId: "r" });
    await settled();
    const handing = room.disk.hang();
    void room.engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
    await handing;
    room.timers.fire();
    await settled();
    room.disk.flow();
    expect(await waiting).toMatchObject({ ok: true, lease: { id: "next", state: "HELD" } });
  });

  test("whose caller goes while its hold is being written leaves an offer to who comes back", async () => {
    const room = await occupied();
    const line = new Line();
    void ask(room.engine, "next", line, { requestId: "r" });
    await settled();
    const handing = room.disk.hang();
    void room.engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
    await handing;
    line.break();
    await settled();
    room.disk.flow();
    await settled();
    expect(stateOf(room, "next")).toBe("OFFERED");
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
    // The hand-over is in its write, and with it the claim.
    const handing = room.disk.hang();
    void room.engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
    await handing;
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

  test("that waits is not known to have been answered because another call has named its lease before", async () => {
    const room = await occupied();
    const line = new Line();
    const waiting = ask(room.engine, "next", line, { requestId: "r" });
    await settled();
    await room.engine.renew({ type: "renew", by, lease: "next" }, new Line());
    await free(room);
    expect(await waiting).toMatchObject({ lease: { state: "HELD" } });
    line.break();
    await settled();
    expect(stateOf(room, "next")).toBe("OFFERED");
  });

  test("whose wait fails, and that had no request_id to come back by, leaves nothing in line", async () => {
    const room = await occupied();
    const busy = room.disk.hang();
    void room.engine.submit("default", acquireCommand("other", "elsewhere"));
    await busy;
    // Asked for and offered in one batch, before the wait is open: it claims by a command of its own.
    const waiting = ask(room.engine, "next");
    const released = room.engine.submit("default", { type: "release", by, lease: "holder", outcome: "OK", note: "" });
    room.disk.flow();
    await released;
    await room.disk.hang();
    room.disk.fail();
    await expect(waiting).rejects.toThrow("the disk gave an error");
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });

  test("whose answer was lost is taken back even if the disk takes that only at a later try", async () => {
    const room = await stage();
    const line = new Line();
    await ask(room.engine, "mine", line, { requestId: "r" });
    const taking = room.disk.hang();
    line.break();
    await taking;
    room.disk.fail();
    await settled();
    expect(stateOf(room, "mine")).toBe("HELD");
    room.timers.fire();
    await settled();
    expect(stateOf(room, "mine")).toBe("OFFERED");
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
    expect((await room.engine.look(view.lease, true, undefined, line)).lease.state).toBe("HELD");
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
