import { expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { JOBS } from "./jobs.ts";
import { open, type } from "./terminal.ts";
import { until } from "./wrapped.ts";

/** Ten jobs, each of a run of its own. */
const team = Array.from({ length: 10 }, (_, nth) => {
  const job = [JOBS["GitHub Actions"], JOBS["GitLab"], JOBS["Jenkins"]][nth % 3];
  const holder = `team-${nth} #${nth}`;
  const run = `https://ci.example.com/a/rather/long/way/to/the/run/of/a/pipeline/${nth}`;
  return { env: job?.env ?? {}, holder, run };
});

test("of ten jobs of three CI systems a reader sees who has it, for how long, from which run, who is next, and when it ends at the latest", async () => {
  await using server = await Server.start();
  const at = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const jobs = [];
  for (const [nth, { env, holder, run }] of team.entries()) {
    const job = open(["acquire", "uat", "--name", holder, "--run-url", run, "--ttl", "60s", "--max-hold", "2h"], { ...env, ...at });
    jobs.push(job);
    await job.stderr.shows(nth === 0 ? "is held until" : `position ${nth} of ${nth}`);
  }
  const latest = String.raw`(tomorrow )?\d\d:\d\d`;
  const status = await type(["status", "uat"], at);
  const seen = [
    `^busy +uat +1/1 +9 +\\d+ s +${latest} +team-0 #0`,
    `^ {2}${team[0]?.run}`,
    String.raw`^ {2}next is team-1 #1, in line for \d+ s`,
  ];
  expect(status.stdout).toMatch(new RegExp(`${seen.join("\n")}\n`, "m"));
  const log = jobs[9]?.stderr.text ?? "";
  expect(log).toMatch(
    new RegExp(
      `position 9 of 9, next is team-1 #1, held by team-0 #0 for \\d+ s, renewed until ${latest} at the latest \\(.*${team[0]?.run}\\)`,
    ),
  );
  const queue = await type(["queue", "uat"], at);
  expect(queue.stdout.match(/^\d+ +\d+ s +team-\d/gm)?.map((line) => line.split(/ {2,}/)[0])).toEqual([..."123456789"]);
  for (const job of jobs.slice(1)) job.interrupt("SIGTERM");
  await Promise.all(jobs.map(({ exit }) => exit));
  for (const { stderr } of jobs)
    for (const line of stderr.text.trimEnd().split("\n"))
      expect(line).toMatch(/^(.*section_(start|end):.*)?call-me: \S|^::(group|endgroup|notice title=call-me)/s);
  await until(async () => (await type(["queue", "uat"], at)).stdout === "");
});
