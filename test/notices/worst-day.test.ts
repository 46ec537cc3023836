// Notices on their worst days: receivers that hang, many at once, hostile names, a server that stops, rules that change.
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { accept, ruleFor } from "./receiver.ts";
import { receiving, serving } from "./stage.ts";

test("a receiver that never answers holds up neither another one, nor a grant, nor the stop of the server", async () => {
  const [silent, good] = [await receiving(), await receiving()];
  silent.answer = () => {};
  const { server } = await serving(
    `rules:\n${ruleFor(silent.url, ", kinds: granted", "silent")}${ruleFor(good.url, ", kinds: granted", "good")}`,
  );
  const { locks } = clientsOf(server, "gRPC");
  await locks.acquire({ environment: "first" });
  await eventually(() => silent.deliveries.length > 0);
  await locks.acquire({ environment: "second" });
  await eventually(() => good.told.length === 2);
  expect(silent.deliveries).toHaveLength(1);
  expect(await server.stop()).toBe(0);
  silent.answer = accept;
  await server.restart();
  await eventually(() => silent.told.length === 2);
  expect(silent.told.map(({ data }) => data.environments[0])).toEqual(["first", "second"]);
});

test("an answer without an end, and one that drips, are as good as their status", async () => {
  const [endless, dripping] = [await receiving(), await receiving()];
  endless.answer = (answer) => {
    const more = () => void answer.write("x".repeat(64 * 1024), (error) => !error && more());
    answer.writeHead(200);
    more();
  };
  dripping.answer = (answer) => void answer.writeHead(200).write("x");
  const { server } = await serving(
    `rules:\n${ruleFor(endless.url, ", kinds: granted", "endless")}${ruleFor(dripping.url, ", kinds: granted", "dripping")}`,
  );
  const { locks } = clientsOf(server, "gRPC");
  const names = ["a", "b", "c"];
  for (const environment of names) await locks.acquire({ environment });
  await eventually(() => endless.told.length === 3 && dripping.told.length === 3);
  for (const { told } of [endless, dripping]) expect(told.map(({ data }) => data.environments[0])).toEqual(names);
});

test("4,000 notices that are due at once arrive, each once, while others are served", async () => {
  const receiver = await receiving();
  const { server } = await serving(`rules:\n${ruleFor(receiver.url, ", kinds: [queued_long, granted], queued_for: 1s")}`);
  const { locks, environments } = clientsOf(server, "gRPC");
  const ticketTtl = { seconds: 3_600n, nanos: 0 };
  const count = 4_000;
  await environments.applyEnvironments({ environments: [{ name: "busy", capacity: 1 }] });
  await locks.acquire({ environment: "busy" });
  let answer: (() => void) | undefined;
  receiver.answer = (response, delivery) => {
    if (receiver.deliveries.length <= 1_000) accept(response, delivery);
    else answer = () => accept(response, delivery);
  };
  for (let part = 0; part < count / 1_000; part++)
    await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => locks.acquire({ environment: "busy", requestId: `r${part * 1_000 + n}`, ticketTtl })),
    );
  await eventually(() => answer !== undefined);
  // Thousands wait, and the receiver says nothing.
  await locks.release({ leaseId: (await locks.acquire({ environment: "meanwhile" })).lease?.id ?? "" });
  receiver.answer = accept;
  answer?.();
  await eventually(() => receiver.deliveries.length > count, 100_000);
  await server.kill9();
  await server.restart();
  const { lease } = await locks.acquire({ environment: "other" });
  await eventually(() => receiver.deliveries.some(({ body }) => body.includes(lease?.id ?? "?")));
  const leases = receiver.told.filter(({ type }) => type === "lease.queued_long").map(({ data }) => data.lease_id);
  expect([leases.length, new Set(leases).size]).toEqual([count, count]);
  // Those whose arrival had not been put down when it was killed come once more, by the same id.
  expect(receiver.deliveries.length - receiver.told.length).toBeLessThanOrEqual(200);
});

test("a name with line breaks and NUL, and a reason that calls everybody, stay text, in JSON and in Slack", async () => {
  const [json, slack] = [await receiving(), await receiving()];
  const rules = `rules:\n${ruleFor(json.url, ", kinds: granted", "json")}- {name: chat, patterns: "*", kinds: granted, url: "${slack.url}", template: slack}\n`;
  const { server } = await serving(rules);
  const name = "uat\r\nX-Injected: 1\r\n\0<!channel>";
  const headers = { "x-api-key": server.key };
  const answer = await fetch(`${server.url}/maybe?environment=${encodeURIComponent(name)}`, { method: "POST", headers });
  expect(answer.status).toBe(201);
  const holder = { name: "<@U123>", runUrl: "https://ci.example/1|<!here>" };
  await clientsOf(server, "gRPC").locks.acquire({
    environment: "next",
    reason: "<!everyone> & *you* @all [here](https://evil.example) of a@b.example",
    holder,
  });
  await eventually(() => json.told.length === 2 && slack.deliveries.length === 2);
  expect(json.told[0]?.data.environments).toEqual([name]);
  for (const { headers } of [...json.deliveries, ...slack.deliveries]) expect(headers).not.toHaveProperty("x-injected");
  const texts = slack.deliveries.map(({ body }) => JSON.parse(body).text);
  expect(texts[0]).toContain("uat X-Injected: 1 &lt;!channel&gt; is held by");
  expect(texts[1]).toContain("&lt;!everyone&gt; &amp; *you*");
  // Nor in chats that read Markdown.
  expect(texts[1]).toContain("@\u200ball [here]\u200b(https://evil.example) of a@b.example");
  expect(texts.join()).not.toMatch(/<[!@]|[\r\n\0]/);
  expect(texts[1]).toMatch(/<https:\/\/ci\.example\/1%7C[^|<>]*\|&lt;@\u200bU123&gt;>/);
});

test("rules that change at SIGHUP hold at once, also for what waits; a file that is wrong changes nothing", async () => {
  const [before, after] = [await receiving(), await receiving()];
  before.answer = (answer) => void answer.writeHead(500).end();
  const { server, file } = await serving(`rules:\n${ruleFor(before.url, ", kinds: granted")}`);
  const { locks } = clientsOf(server, "gRPC");
  await locks.acquire({ environment: "first" });
  await eventually(() => before.deliveries.length > 0);
  await writeFile(file, "rules: [{name: ops}]");
  server.signal("SIGHUP");
  const wrong = await eventually(() => server.log.find(({ msg }) => msg.includes("was not applied")));
  expect(wrong.msg).toContain("notices.yaml:1: rules[0]: ");
  const count = before.deliveries.length;
  await eventually(() => before.deliveries.length > count);
  await writeFile(file, `private: [127.0.0.1]\nrules:\n${ruleFor(after.url, ", kinds: granted")}`);
  server.signal("SIGHUP");
  await eventually(() => after.told.length === 1);
  await locks.acquire({ environment: "second" });
  await eventually(() => after.told.length === 2);
  expect(after.told.map(({ data }) => data.environments[0])).toEqual(["first", "second"]);
});

test("who waits for long, and whose lease ends soon, is told of once, also over restarts, and again only of another lease", async () => {
  const receiver = await receiving();
  const { server } = await serving(
    `rules:\n${ruleFor(receiver.url, ", kinds: [queued_long, expiring_soon], queued_for: 1s, expires_in: 1h")}`,
  );
  const { locks } = clientsOf(server, "gRPC");
  const long = { seconds: 3_600n, nanos: 0 };
  // It ends in 10 s at the latest: a quarter of that before, it is soon.
  const maxHold = { seconds: 10n, nanos: 0 };
  const held = await locks.acquire({ environment: "uat", ttl: maxHold, maxHold });
  const waits = await locks.acquire({ environment: "uat", requestId: "second", ticketTtl: long, holder: { name: "second" } });
  await eventually(() => receiver.types.includes("lease.queued_long"));
  expect(receiver.types).not.toContain("lease.expiring_soon");
  await server.kill9();
  await server.restart();
  await eventually(() => receiver.types.includes("lease.expiring_soon"));
  await server.stop();
  await server.restart();
  const third = await locks.acquire({ environment: "uat", requestId: "third", ticketTtl: long });
  await eventually(() => receiver.told.some(({ data }) => data.lease_id === third.lease?.id));
  const told = receiver.told.map(({ type, data }) => `${type} ${data.lease_id}`);
  expect(told.slice(0, 3)).toEqual([
    `lease.queued_long ${waits.lease?.id}`,
    `lease.expiring_soon ${held.lease?.id}`,
    `lease.queued_long ${third.lease?.id}`,
  ]);
});
