// The record of who did what, on its worst day: it and what it tells of are there together, or neither; what it lacks, it says.
import { statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { clientsOf, keyFor, refusal } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { fill } from "../store/disk.ts";
import { smallDisk } from "../store/places.ts";

const VIEW = [{ role: Role.VIEW, patterns: ["*"] }];

test("a server that is killed among changes has each key with its event, and no event without its key", async () => {
  await using server = await Server.start();
  const clients = clientsOf(server, "gRPC");
  const answered: string[] = [];
  for (let life = 0; life < 5; life++) {
    const make = async (number: number) => {
      const { key } = await clients.access.createKey({ label: `${life}-${number}`, grants: VIEW });
      answered.push(key?.id ?? "");
      if (number % 2 === 0) await clients.access.revokeKey({ id: key?.id ?? "" });
    };
    const making = Promise.allSettled(Array.from({ length: 100 }, (_, number) => make(number)));
    await eventually(() => answered.length >= life * 20 + 10 + life * 7);
    await server.kill9();
    await making;
    await server.restart();
  }
  const { keys } = await clients.access.listKeys({ pageSize: 1_000 });
  const subjects = async (kind: EventKind) => {
    const { events } = await clients.insight.listEvents({ filter: { kinds: [kind] }, pageSize: 1_000 });
    return events.map(({ subject }) => subject).toSorted();
  };
  const ids = keys.map(({ id }) => id).toSorted();
  expect(await subjects(EventKind.KEY_CREATED)).toEqual(ids);
  expect(await subjects(EventKind.KEY_REVOKED)).toEqual(ids.filter((id) => keys.find((key) => key.id === id)?.revokedAt !== undefined));
  expect(ids).toEqual(expect.arrayContaining(answered));
});

test("refusals while the disk is full are refused as ever, and it is on record how many of them are not", async (context) => {
  const disk = smallDisk("8m");
  if (disk === undefined) {
    console.warn("test/faults: the record on a full disk was NOT TESTED: this user may not mount a small one");
    return context.skip();
  }
  const file = path.join(disk, "call-me.db");
  await using server = await Server.start({ CALL_ME_STORE: `sqlite:${file}` });
  await eventually(() => (statSync(`${file}-reserve`, { throwIfNoEntry: false })?.size ?? 0) > 0);
  const clients = clientsOf(server);
  const team = await keyFor(server, VIEW);
  const free = fill(disk);
  const isFull = async () =>
    (await refusal(
      clients.locks.acquire({ environment: `e-${performance.now()}` }).then(() => Promise.reject(new Error("there was room"))),
    )) === "unavailable STORAGE_FULL";
  await eventually(isFull);
  for (let time = 0; time < 3; time++)
    expect(await refusal(team.environments.deleteEnvironment({ environment: "uat" }))).toBe("permission_denied NOT_ALLOWED");
  await eventually(() => server.log.some(({ msg }) => msg.startsWith("could not put on record who was refused what")));
  free();
  const told = await eventually(async () => {
    const { events } = await clients.insight.listEvents({ filter: { kinds: [EventKind.REFUSED] } });
    return events.length > 0 && events;
  }, 40_000);
  expect(told).toMatchObject([{ subject: "others", reason: "3 refusals before this are not on record: the store could not be written" }]);
});
