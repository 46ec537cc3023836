// What the log has of receivers: enough to see that something is wrong, and never more than somebody would read.
import { expect, test } from "vitest";
import { Journal } from "../../src/notices/journal.ts";

const MINUTE = 60_000;

function scene() {
  const said: string[] = [];
  const time = { now: 0 };
  const say = (facts: object, text: string) => void said.push("more" in facts ? `${text} (${facts.more} more)` : text);
  return {
    said,
    time,
    journal: new Journal(
      { info: say, warn: say },
      (_, what) => void said.push(`could not ${what}`),
      () => time.now,
    ),
  };
}

test("a receiver that fails and recovers again and again has a line in ten minutes, and a failure that lasts is told of", () => {
  const { said, time, journal } = scene();
  const [ops, other] = [
    { rule: "ops", origin: "https://a.example" },
    { rule: "other", origin: "https://a.example" },
  ];
  for (; time.now < 60 * MINUTE; time.now += 10_000) {
    journal.failed(ops, "it answered 503");
    journal.arrived(ops);
  }
  const failing = said.filter((text) => text === "notices to ops do not arrive: it answered 503; each is tried for a day");
  expect([failing.length, said.length]).toEqual([6, 12]);
  said.length = 0;
  for (const end = time.now + 60 * MINUTE; time.now < end; time.now += MINUTE) {
    journal.failed(ops, "it answered 500");
    journal.failed(other, "it answered 404");
    journal.failed({ rule: "" }, "a URL of a lease");
  }
  expect(said).toEqual([
    "notices to ops do not arrive: it answered 500; each is tried for a day",
    "notices to other do not arrive: it answered 404; each is tried for a day",
  ]);
  journal.arrived(other);
  journal.arrived(ops);
  expect(said.slice(2)).toEqual(["notices to other arrive again", "notices to ops arrive again"]);
});

test("of notices that are given up there is a line a minute, which counts the rest", () => {
  const { said, time, journal } = scene();
  journal.gaveUp({ rule: "ops", id: "msg_1" }, "it answered 422");
  for (let n = 0; n < 5; n++) journal.gaveUp({ rule: "ops", id: "msg_2" }, "it answered 422");
  time.now += MINUTE;
  journal.gaveUp({ rule: "ops" }, "more waited than are kept", 1_000);
  expect(said).toEqual([
    "a notice was given up: it answered 422; call-me notices list shows what was (0 more)",
    "1000 notices were given up: more waited than are kept; call-me notices list shows what was (5 more)",
  ]);
});
