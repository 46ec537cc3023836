import { execFile, spawnSync } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { widthOf } from "../../cli/words/width.ts";
import {
  EndReason,
  EnvironmentState,
  EnvironmentStatusSchema,
  HolderKind,
  LeaseState,
  type OccupantSchema,
} from "../../gen/ts/callme/v1/types_pb.ts";
import { BIN } from "../packed.ts";
import { PAYLOADS } from "./payloads.ts";
import { lease, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

const MINUTE = 60_000;
const ago = (minutes: number) => timestampFromMs(Date.now() - minutes * MINUTE - 500);
const ahead = (minutes: number) => timestampFromMs(Date.now() + minutes * MINUTE);
/** Nobody's clock decides what is in the golden file: the only times of day in it are of another year. */
const LATEST = timestampFromMs(Date.parse("2031-01-02T03:04:05"));

const RUN = "https://gitlab.example.com/platform/payments/gateway/-/pipelines/1203345";
const holder = (name: string, runUrl = "") => ({ name, runUrl, kind: HolderKind.PIPELINE });
const held: MessageInitShape<typeof OccupantSchema> = {
  leaseId: "L1",
  holder: holder("acme-shop/checkout-service #4711", "https://github.com/acme-shop/checkout-service/actions/runs/19873645213"),
  state: LeaseState.HELD,
  since: ago(12),
  until: ahead(0.8),
  latestEnd: LATEST,
};
const waits = { leaseId: "L2", holder: holder("platform/payments/gateway #1203", RUN), state: LeaseState.QUEUED, since: ago(65) };

const fleet: MessageInitShape<typeof EnvironmentStatusSchema>[] = [
  { name: "uat", capacity: 1, used: 1, queueLength: 9, holders: [held], next: waits },
  {
    name: "free",
    capacity: 4,
    available: true,
    facts: {
      version: { value: "1.2.3", holder: held.holder, leaseId: "L1", at: ago(12) },
      sha: { value: "0b6c7f1e", holder: held.holder, leaseId: "L1", at: ago(12) },
      "smoke/test": { value: "夜間 ok", holder: holder(""), leaseId: "L9", at: ago(65) },
    },
  },
  {
    name: "racks/device-boards/rack-7-with-a-name-as-long-as-it-gets",
    capacity: 2,
    used: 2,
    queueLength: 1,
    holders: [
      { ...held, holder: holder("東京の決済サービス結合試験パイプライン第四・夜間"), reason: "夜間 nightly" },
      { leaseId: "L3", holder: holder("👩‍💻 ada@laptop 🚀"), state: LeaseState.HELD, since: ago(31) },
    ],
    next: waits,
  },
  { name: "gone", capacity: 1, available: true, queueLength: 2 },
  {
    name: "resting",
    capacity: 1,
    resting: 1,
    rest: { until: LATEST, from: { leaseId: "L0", holder: holder("acme/web #1"), endReason: EndReason.EXPIRED } },
  },
  {
    name: "pool",
    capacity: 8,
    used: 6,
    resting: 2,
    rest: { until: LATEST, from: { leaseId: "L0", holder: holder("acme/web #1"), endReason: EndReason.FORCE_RELEASED } },
  },
  {
    name: "licences",
    capacity: 99,
    used: 42,
    available: true,
    holders: Array.from({ length: 10 }, (_, nth) => ({ ...held, holder: holder(`job #${nth}`) })),
  },
  { name: "db", capacity: 1, state: EnvironmentState.MAINTENANCE, stateReason: "database upgrade", stateUntil: LATEST },
];

/** A server that has this fleet, and this line on uat. */
async function office(environments = fleet) {
  const statuses = environments.map((one) => create(EnvironmentStatusSchema, { state: EnvironmentState.AVAILABLE, ...one }));
  const line = [
    lease(LeaseState.OFFERED, {
      id: "0b6c7f1e-1111-4222-8333-444455556666",
      holder: holder("acme/api #9", "https://ci/9"),
      createdAt: ago(20),
    }),
    lease(LeaseState.QUEUED, {
      id: "1c6c7f1e-1111-4222-8333-444455556666",
      holder: holder("platform/payments/gateway #1203", RUN),
      reason: "e2e https://gitlab.example.com/platform/payments/gateway/-/jobs/88123345",
      createdAt: ago(65),
      priority: 3,
      position: 1,
    }),
    lease(LeaseState.QUEUED, { id: "2d6c7f1e-1111-4222-8333-444455556666", createdAt: ago(1_500), position: 2, passedOver: true }),
  ];
  return await new ScriptedServer({
    locks: { check: () => ({ environments: statuses }) },
    environments: { listLeases: () => ({ leases: line }) },
  }).start();
}

test("status and queue say who has what, until when and who is next, within 80 columns", async () => {
  await using server = await office();
  const env = { CALL_ME_URL: server.url };
  const [status, queue] = [await type(["status", "--pool", "default"], env), await type(["queue", "uat"], env)];
  await expect(`${status.stdout}\n${queue.stdout}`).toMatchFileSnapshot("tables.golden.txt");
  for (const line of `${status.stdout}${queue.stdout}`.split("\n"))
    expect({ line, fits: widthOf(line) <= 80 || line.includes("https://") }).toEqual({ line, fits: true });
});

test("a wrong clock on this side shifts no time: lengths are the server's, and times of day what this clock will show", async () => {
  const hour = 3_600_000;
  const at = (minutes: number) => timestampFromMs(Date.now() + hour + minutes * MINUTE + 500);
  const holders = [{ ...held, since: at(-12), until: at(0.8), latestEnd: at(300) }];
  const environments = [
    create(EnvironmentStatusSchema, { name: "uat", state: EnvironmentState.AVAILABLE, capacity: 1, used: 1, queueLength: 9, holders }),
  ];
  await using server = await new ScriptedServer({ locks: { check: () => ({ environments }) } }, hour).start();
  const { stdout } = await type(["status", "uat"], { CALL_ME_URL: server.url });
  const [, row = ""] = stdout.split("\n");
  const shown = [300, 299].map((minutes) => new Date(Date.now() + minutes * MINUTE).toLocaleTimeString("sv-SE").slice(0, 5));
  expect(row).toMatch(new RegExp(`^busy +uat +1/1 +9 +1[12] m +(tomorrow )?(${shown.join("|")}) +acme`));
});

describe.skipIf(spawnSync("script", ["--version"]).status !== 0)("on a terminal", () => {
  /** What status says on a terminal of so many columns. */
  async function statusOn(columns: number): Promise<string> {
    await using server = await office();
    const command = `stty cols ${columns}; exec '${process.execPath}' '${BIN}' status --pool default`;
    const env = { PATH: process.env["PATH"], TZ: process.env["TZ"], CALL_ME_URL: server.url, CALL_ME_LAUNCHER: "" };
    return (await promisify(execFile)("script", ["-qec", command, "/dev/null"], { env })).stdout;
  }

  test("its own width is used", async () => {
    expect(await statusOn(132)).toMatch(/^busy +uat +1\/1 +9 +12 m +2031-01-02 03:04 +acme-shop\/checkout-service #4711\r$/m);
  });

  test("too narrow for the columns, each cell is named instead, and no line is wider but a long word", async () => {
    const stdout = await statusOn(40);
    expect(stdout).toMatch(
      /^state busy, environment uat, used 1\/1,\r\n {2}waiting 9, for 12 m, latest end\r\n {2}2031-01-02 03:04, who\r\n/,
    );
    for (const line of stdout.trimEnd().split("\r\n"))
      expect({ line, fits: widthOf(line) <= 40 || !line.trim().includes(" ") }).toEqual({ line, fits: true });
  });
});

test("other people's texts neither command the terminal nor break the columns", async () => {
  const environments = PAYLOADS.map((text, at) => ({
    name: `${text}${"名".repeat(at % 40)}`,
    capacity: 1,
    used: 1,
    state: EnvironmentState.DRAINING,
    stateReason: text,
    holders: [{ ...held, reason: text, holder: holder(`${text} ${"long ".repeat(at % 30)}`, `https://ci/${text}`) }],
  }));
  await using server = await office(environments);
  const { stdout } = await type(["status", "--pool", "default"], { CALL_ME_URL: server.url });
  for (const line of stdout.trimEnd().split("\n")) {
    expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    // One long word stays whole, and what looks like an order gets a mark before it.
    expect({ line, fits: widthOf(line.replace(/^\| /, "")) <= 80 || !line.trim().includes(" ") }).toEqual({ line, fits: true });
  }
});
