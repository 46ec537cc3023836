/** Calls about a lease that waits, while they wait for their turn behind a slow disk. */
import { describe, expect, test } from "vitest";
import { acquireCommand, MINUTE, SECOND } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { ask, by, free, occupied, stateOf } from "./asking.ts";
import { settled } from "./stage.ts";

describe("a call that waits for its turn", () => {
  test("keeps its lease in line as soon as it has come, not when it is decided", async () => {
    const room = await occupied();
    await ask(room.engine, "next", new Line(), { requestId: "r" }, 0);
    room.clock.time += MINUTE - SECOND;
    const stuck = room.disk.hang();
    void room.engine.submit("default", acquireCommand("other", "elsewhere"));
    await stuck;
    const renewal = room.engine.renew({ type: "renew", by, lease: "next" }, new Line());
    room.clock.time += 2 * SECOND;
    room.timers.fire();
    room.disk.flow();
    expect(await renewal).toMatchObject({ ok: true, lease: { state: "QUEUED" } });
  });

  test.each(["a retry", "a look"] as const)("is a sign of life until it ends, also where it ends without its turn: %s", async (what) => {
    const room = await occupied();
    const gone = new Line();
    await ask(room.engine, "next", new Line(), { requestId: "r", claimTimeout: SECOND }, 0);
    if (what === "a look") {
      await free(room);
      room.clock.time += SECOND;
      await room.engine.submit("default", acquireCommand("third", "uat"));
      expect(room.engine.views.live("next")?.lease.passedOver).toBe(true);
    }
    const stuck = room.disk.hang();
    void room.engine.submit("default", acquireCommand("other", "elsewhere"));
    await stuck;
    const view = room.engine.views.live("next");
    if (view === undefined) throw new Error("it waits");
    const calling = what === "a retry" ? ask(room.engine, "again", gone, { requestId: "r" }) : room.engine.look(view.lease, true, 0, gone);
    room.clock.time += MINUTE - SECOND;
    gone.break();
    room.disk.flow();
    await expect(calling).rejects.toMatchObject({ reason: "CALLER_GONE" });
    room.clock.time += MINUTE - SECOND;
    room.timers.fire();
    await settled();
    expect(stateOf(room, "next")).toBe("QUEUED");
    room.clock.time += SECOND;
    room.timers.fire();
    await settled();
    expect(stateOf(room, "next")).toBeUndefined();
  });
});
