/** Answers that are lost of leases whose holders are asked to stop. */
import { describe, expect, test } from "vitest";
import { Line } from "../sim/line.ts";
import { ask, by, stateOf } from "./asking.ts";
import { settled, stage } from "./stage.ts";

describe("an answer to an Acquire", () => {
  test.each([
    ["that has arrived is not forgotten when its holder is asked to stop", true, "HELD"],
    ["that did not arrive, of one who is asked to stop meanwhile, leaves nothing", false, undefined],
  ] as const)("with a request_id %s", async (_, arrives, state) => {
    const room = await stage();
    const line = new Line();
    await ask(room.engine, "mine", line, { requestId: "r", supersedeKey: "main" });
    if (arrives) await room.engine.renew({ type: "renew", by, lease: "mine" }, new Line());
    await ask(room.engine, "newer", new Line(), { supersedeKey: "main", supersede: "HELD" }, 0);
    const { lease } = room.engine.views.live("mine") ?? {};
    expect(lease?.cancelRequested).toBeDefined();
    const retry = new Line();
    if (arrives) await ask(room.engine, "again", retry, { requestId: "r", supersedeKey: "main" });
    for (const one of [line, retry]) one.break();
    await settled();
    expect(stateOf(room, "mine")).toBe(state);
  });

  test("that did not arrive leaves nothing, also where its holder was being asked to stop just then", async () => {
    const room = await stage();
    const line = new Line();
    await ask(room.engine, "mine", line, { requestId: "r", supersedeKey: "main" });
    const stuck = room.disk.hang();
    const newer = ask(room.engine, "newer", new Line(), { requestId: "s", supersedeKey: "main", supersede: "HELD" }, 0);
    await stuck;
    line.break();
    room.disk.flow();
    await newer;
    await settled();
    expect(stateOf(room, "mine")).toBeUndefined();
    expect(stateOf(room, "newer")).toBe("QUEUED");
  });
});
