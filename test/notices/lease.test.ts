// `acquire --detach --notify URL`: who does not wait is told of its own lease.
import { expect, test } from "vitest";
import { type } from "../cli/terminal.ts";
import { clientsOf, refusal } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { accept, verify } from "./receiver.ts";
import { receiving, serving } from "./stage.ts";

const allowing = (url: string) => `notify:\n- {prefix: "${url.replace(/\/*$/, "/")}", secret_from: CALL_ME_SECRET_HOOK}\n`;

test("who stands in line without a process is told of its turn, its grant and its end, over a kill -9, and nobody else is", async () => {
  const receiver = await receiving();
  const { server } = await serving(allowing(receiver.url));
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const { locks } = clientsOf(server, "gRPC");
  const first = await locks.acquire({ environment: "uat" });
  const notify = `${receiver.url}/pipeline?token=very-secret`;
  const { code, stdout } = await type(["acquire", "uat", "--detach", "--request-id", "run-7", "--notify", notify, "--name", "shop 7"], env);
  expect(code).toBe(0);
  receiver.answer = (answer) => void answer.writeHead(503).end();
  await locks.release({ leaseId: first.lease?.id ?? "" });
  await eventually(() => receiver.deliveries.length > 0);
  await server.kill9();
  receiver.answer = accept;
  await server.restart();
  await eventually(() => receiver.types.includes("lease.offered"));
  const taken = await type(["acquire", "uat", "--request-id", "run-7", "--json"], env);
  expect(JSON.parse(taken.stdout).lease).toMatchObject({ id: stdout.trim(), state: "LEASE_STATE_HELD" });
  await eventually(() => receiver.types.includes("lease.granted"));
  await type(["release", "--lease", stdout.trim()], env);
  await eventually(() => receiver.types.includes("lease.ended"));
  expect(receiver.types).toEqual(["lease.offered", "lease.granted", "lease.ended"]);
  expect(receiver.told.every(({ data }) => data.lease_id === stdout.trim() && data.holder?.name === "shop 7")).toBe(true);
  expect(Date.parse(receiver.told[0]?.data.until ?? "")).toBeGreaterThan(Date.parse(receiver.told[0]?.timestamp ?? ""));
  expect(receiver.told[2]?.data.end_reason).toBe("RELEASED");
  for (const delivery of receiver.deliveries) {
    verify(delivery);
    expect(delivery.path).toBe("/hook/pipeline?token=very-secret");
  }
  const shown = [...server.lines, taken.stdout, (await type(["history", "uat", "--ndjson"], env)).stdout];
  shown.push((await type(["queue", "uat", "--json"], env)).stdout, (await type(["status", "--json"], env)).stdout);
  expect(shown.join()).not.toContain("very-secret");
});

test("a URL that the server does not allow is refused, without a word of what may be secret in it", async () => {
  const { server } = await serving(allowing("https://ci.example/hooks/"));
  const { locks } = clientsOf(server, "gRPC");
  const ask = (notify: string) => locks.acquire({ environment: "uat", notify });
  for (const url of [
    "https://elsewhere.example/very-secret",
    "https://ci.example/hooks/../very-secret",
    "ftp://ci.example/very-secret",
    "very-secret",
  ]) {
    const error = await ask(url).then(
      () => expect.unreachable("it was taken"),
      (thrown: Error) => thrown.message,
    );
    expect(error).toContain("notify: ");
    expect(error).not.toContain("very-secret");
    expect(await refusal(ask(url))).toBe("invalid_argument BAD_FIELD");
  }
  expect(await refusal(ask(`https://ci.example/hooks/${"x".repeat(2_048)}`))).toBe("invalid_argument BAD_FIELD");
  expect((await ask("https://ci.example/hooks/1")).lease?.state).toBeDefined();
});

test("the receivers of many leases are told side by side: those that hang keep nobody waiting", async () => {
  const [silent, good] = [await receiving(), await receiving()];
  // Requests that wait for an answer, as far as it knows.
  let [open, most] = [0, 0];
  silent.answer = (answer) => {
    most = Math.max(most, ++open);
    answer.on("close", () => open--);
  };
  const { server } = await serving(`${allowing(silent.url)}- {prefix: "${good.url}/", secret_from: CALL_ME_SECRET_HOOK}\n`);
  const { locks } = clientsOf(server, "gRPC");
  const ask = (url: string, n: number) => locks.acquire({ environment: `env-${n}`, notify: `${url}/${n}` });
  await Promise.all(Array.from({ length: 200 }, (_, n) => ask(silent.url, n)));
  await eventually(() => silent.deliveries.length > 0);
  await Promise.all(Array.from({ length: 200 }, (_, n) => ask(good.url, 200 + n)));
  await eventually(() => good.told.length === 200);
  // Those that were given up may be known to it a little later.
  expect(most).toBeLessThanOrEqual(8);
});
