import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { EnvironmentSchema, OnExpiry } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState, EnvironmentStatusSchema, LeaseSchema, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Act, outlook } from "../../web/words/outlook.ts";
import { seconds } from "../outside/clients.ts";

const { AVAILABLE, DRAINING, MAINTENANCE, DIRTY, CLEANING, QUARANTINED } = EnvironmentState;
const { QUEUED, OFFERED, HELD } = LeaseState;
const holder = { name: "checkout #1" };
const next = { holder: { name: "search #2" } };
const held = { used: 1, holders: [{ holder }] };
const line = { next, queueLength: 3 };
const lease = (state: LeaseState, rest: object = {}) => create(LeaseSchema, { state, holder, ...rest });
const release = (state: LeaseState = HELD, rest: object = {}): Act => ({ lease: lease(state, rest), force: false });
const force = (state: LeaseState = HELD, rest: object = {}): Act => ({ lease: lease(state, rest), force: true });
const WORK = "Work may still be running there: whoever does it learns of this at the next renewal.";

it.each<[what: string, act: Act, status: object, configuration: object, words: string]>([
  [
    "as broken",
    { to: QUARANTINED },
    { state: MAINTENANCE },
    {},
    "It is broken, and counted in Attention until somebody puts it back. Nobody has it now. Nobody waits.",
  ],
  [
    "in the state that it is in",
    { to: MAINTENANCE },
    { ...held, state: MAINTENANCE },
    {},
    "uat is in maintenance already: this changes why, and until when.",
  ],
  [
    "of one of many slots",
    { waits: true },
    { available: true, capacity: 8 },
    {},
    "uat is free: one of its 8 slots is yours at once, and ends by itself.",
  ],
  [
    "of what is back at some time",
    { waits: true },
    { state: MAINTENANCE, stateUntil: seconds(9) },
    {},
    "uat is in maintenance, and you are the next in line. It is yours by itself when your turn comes.",
  ],
  [
    "of what is back when somebody says so",
    { waits: true },
    { state: DRAINING },
    {},
    "uat is draining, and you are the next in line. It is yours by itself when your turn comes: nobody knows when.",
  ],
  ["of what is free", { waits: true }, { available: true }, {}, "uat is free: it is yours at once, and ends by itself."],
  [
    "of what is busy, with nobody in line",
    { waits: true },
    held,
    {},
    "uat is busy, and you are the next in line. It is yours by itself when your turn comes.",
  ],
  [
    "of a line",
    { waits: true },
    { ...held, ...line },
    {},
    "uat is busy, and 3 wait before you. It is yours by itself when your turn comes.",
  ],
  [
    "of what is busy, for who may not reserve",
    { waits: false },
    held,
    {},
    "uat is busy: with this key it can only be taken when it is free.",
  ],
  ["of a place in line", release(QUEUED), { ...held, ...line }, {}, "checkout #1 loses the place in line, and cannot have it back."],
  ["of a place in line, by force", force(QUEUED), {}, {}, "checkout #1 loses the place in line, and cannot have it back."],
  ["of an offer", release(OFFERED), line, {}, "It was offered to checkout #1, and is no more. Then it is the turn of search #2."],
  ["with somebody in line", release(), line, {}, "checkout #1 has it no longer. Then it is the turn of search #2."],
  ["with nobody in line", release(), {}, {}, "checkout #1 has it no longer. Then it is free, as nobody is next in line."],
  [
    "with a cooldown",
    release(),
    line,
    { cooldown: seconds(90) },
    "checkout #1 has it no longer. It rests for 1 m 30 s, then it is the turn of search #2.",
  ],
  [
    "of what is cleaned after each use",
    release(),
    line,
    { cleaning: { required: true }, cooldown: seconds(90) },
    "checkout #1 has it no longer. It has to be cleaned, then it is the turn of search #2.",
  ],
  [
    "of an offer of what is cleaned after each use: it was not used",
    release(OFFERED),
    line,
    { cleaning: { required: true } },
    "It was offered to checkout #1, and is no more. Then it is the turn of search #2.",
  ],
  ["out of service", release(), { ...line, state: DRAINING }, {}, "checkout #1 has it no longer. uat stays draining, and serves nobody."],
  ["by force", force(), line, {}, `checkout #1 has it no longer. ${WORK} It rests for 10 s, then it is the turn of search #2.`],
  [
    "by force, where nothing rests",
    force(),
    line,
    { lockDelay: seconds(0) },
    `checkout #1 has it no longer. ${WORK} Then it is the turn of search #2.`,
  ],
  [
    "by force, of what is cleaned when its holder may not know",
    force(),
    {},
    { onExpiry: OnExpiry.CLEAN },
    `checkout #1 has it no longer. ${WORK} It has to be cleaned, then it is free, as nobody is next in line.`,
  ],
  ["of a cleaner", release(HELD, { cleaning: true }), { state: CLEANING }, {}, "checkout #1 cleans it no longer. It counts as clean."],
  [
    "of a cleaner, by force",
    force(HELD, { cleaning: true }),
    { state: CLEANING },
    {},
    `checkout #1 cleans it no longer. ${WORK} It is still to be cleaned.`,
  ],
  [
    "back into service",
    { to: AVAILABLE },
    { ...line, state: MAINTENANCE },
    {},
    "It counts as clean and fit for use. Then it is the turn of search #2.",
  ],
  [
    "back into service while somebody has it",
    { to: AVAILABLE },
    { ...held, ...line, state: DRAINING },
    {},
    "It counts as clean and fit for use. checkout #1 may finish first. Then it is the turn of search #2.",
  ],
  [
    "back into service with slots that are free",
    { to: AVAILABLE },
    { ...held, state: DIRTY, capacity: 2 },
    {},
    "It counts as clean and fit for use. Then it is free, as nobody is next in line.",
  ],
  [
    "out of service, with nobody there",
    { to: MAINTENANCE },
    {},
    {},
    "It is out of order on purpose, and listed in Attention. Nobody has it now. Nobody waits.",
  ],
  [
    "out of service",
    { to: DRAINING },
    { ...held, ...line },
    {},
    "It is not broken, only to be empty. checkout #1 may finish: nobody's lease ends by this. Until it is back, all in line wait in their places: search #2 and 2 more.",
  ],
  [
    "out of service, with one in line who was passed over",
    { to: DRAINING },
    { queueLength: 1 },
    {},
    "It is not broken, only to be empty. Nobody has it now. Until it is back, all in line wait in their places: 1 in line.",
  ],
])("tells what will become %s", (_, act, status, configuration, words) => {
  const now = create(EnvironmentStatusSchema, { name: "uat", state: AVAILABLE, capacity: 1, ...status });
  expect(outlook(now, act, create(EnvironmentSchema, configuration))).toBe(words);
});
