// Who asks for too much is slowed down; nobody else is.
import { once } from "node:events";
import { constants } from "node:http2";
import { expect, test } from "vitest";
import { Fairness } from "../../src/rpc/fairness.ts";
import type { Handle } from "../../src/rpc/http/listen.ts";
import { eventually } from "../outside/eventually.ts";
import { getHttp2, openDoor, openSession, SHORT } from "./doors.ts";

test("of the calls that one caller begins at once some have their turn, and then another caller's, whoever came first", async () => {
  const fairness = new Fairness();
  const begun: string[] = [];
  const call = async (key: string, name: string) => {
    await fairness.turn(key);
    begun.push(name);
  };
  const greedy = Array.from({ length: 100 }, (_, number) => call("greedy", `${number}`));
  const modest = call("modest", "modest");
  await Promise.all([...greedy, modest]);
  expect(begun.indexOf("modest")).toBeLessThan(20);
  expect(begun.filter((name) => name !== "modest")).toEqual(Array.from({ length: 100 }, (_, number) => `${number}`));
  expect(fairness.turn("greedy"), "a turn later it is as before").toBeUndefined();
});

test("a connection on which hundreds were refused is held: some requests wait, the rest is not taken, and other connections go on", async () => {
  let refused = 0;
  const handle: Handle = (req, res, _delivery, neighbour) => {
    if (req.url === "/hello") return void res.end("hello");
    refused++;
    neighbour.refused();
    res.end("too many");
  };
  const door = await openDoor(handle, { limits: SHORT });
  const [greedy, modest] = [await openSession(door.url), await openSession(door.url)];
  greedy.setMaxListeners(0);
  const codes: number[] = [];
  const ask = (count: number) =>
    Array.from({ length: count }, () => {
      const stream = greedy.request();
      stream.on("error", () => undefined).on("close", () => codes.push(stream.rstCode));
      return stream.resume();
    });
  // What had come by the time that it is held waits, and as much of what comes later as makes a hundred.
  const streams = ask(250);
  await eventually(() => refused === 201);
  streams.push(...ask(100));
  await eventually(() => codes.filter((code) => code === constants.NGHTTP2_ENHANCE_YOUR_CALM).length === 49);
  expect(refused).toBe(201);
  expect((await getHttp2(modest, "/hello")).body).toBe("hello");
  expect(refused).toBeLessThan(210);
  // What waits has its turn when the connection is let go, one after the other.
  await eventually(() => refused > 201);
  expect(streams.filter(({ closed }) => !closed).length).toBeGreaterThan(0);
});

test("a connection that is held serves what is asked on it later, when it is let go", async () => {
  let asked = 0;
  const handle: Handle = (_req, res, _delivery, neighbour) => {
    if (asked++ === 0) neighbour.hold();
    res.end("hello");
  };
  const door = await openDoor(handle, { limits: SHORT });
  const session = await openSession(door.url);
  await getHttp2(session);
  const later = session.request();
  expect(asked).toBe(1);
  const [headers] = await once(later, "response");
  expect([headers[":status"], asked]).toEqual([200, 2]);
});
