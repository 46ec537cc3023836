// The components of integrations/gitlab, rendered with inputs as GitLab does it, and run as the page's own file is.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { leaseOf } from "../cli/wrapped.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { KeylessServer } from "./job-tokens.ts";
import { Machine } from "./machine.ts";
import { parse } from "./pages.ts";
import type { Parsed } from "./play.ts";
import { gitlab } from "./systems.ts";

type Inputs = Readonly<Record<string, unknown>>;

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** The pipeline that a template becomes: GitLab puts the inputs into its text, whatever is no string as JSON. Throws as GitLab refuses. */
function render(template: string, given: Inputs): Parsed {
  const text = readFileSync(path.resolve("integrations/gitlab/templates", template), "utf8");
  const [header = "", body = ""] = text.split("\n---\n");
  const [{ spec }] = parse(header) as Parsed[];
  const unknown = Object.keys(given).find((name) => !(name in spec.inputs));
  if (unknown !== undefined) throw new Error(`unknown input: ${unknown}`);
  const values = Object.fromEntries(Object.entries<Parsed>(spec.inputs).map(([name, rule]) => [name, settled(name, rule, given[name])]));
  const filled = body.replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, name) => {
    const value = values[name];
    return typeof value === "string" ? value : JSON.stringify(value);
  });
  return parse(filled)[0];
}

function settled(name: string, { default: fallback, type = "string", regex, description }: Parsed, given: unknown): unknown {
  const value = given ?? fallback;
  if (!description) throw new Error(`${name} is not described`);
  if (value === undefined) throw new Error(`required value has not been provided: ${name}`);
  if ((Array.isArray(value) ? "array" : typeof value) !== type) throw new Error(`provided value is not a ${type}: ${name}`);
  if (regex !== undefined && !new RegExp(regex).test(value)) throw new Error(`does not match required RegEx pattern: ${name}`);
  return value;
}

async function play(pipeline: Parsed, machine: Machine): Promise<void> {
  await gitlab(parse(stringify(pipeline)) as Parsed[], machine);
}

async function gaveBack(machine: Machine): Promise<void> {
  for (const { holders } of machine.made) {
    expect(holders).toMatchObject([{ holder: { name: "g/p #5", runUrl: "https://gl/g/p/-/pipelines/10" } }]);
    const lease = await leaseOf(server, holders[0]?.leaseId ?? "");
    expect(lease).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.RELEASED });
  }
}

describe.concurrent("the components", () => {
  test("exec runs a script of several lines while the environment is held, and stops at the first that fails", async () => {
    await using machine = new Machine(server, "component-exec");
    const script = ['make "$CI_JOB_NAME"', 'make "it\'s: $((1 + 1)) # {}"', "if true; then\n  false\nfi", "make never"];
    const pipeline = render("exec.yml", { environment: "component-exec", script, "job-name": "e2e", tags: ["linux"] });
    expect(pipeline.e2e).toMatchObject({ stage: "test", image: "node:22", tags: ["linux"] });
    await expect(play(pipeline, machine)).rejects.toThrow("exit code 1");
    expect(machine.made.map(({ args, key }) => [args, key])).toEqual([
      ["e2e", ""],
      ["it's: 2 # {}", ""],
    ]);
    await gaveBack(machine);
  });

  test.each([
    ["exec.yml", { script: ["make deploy"] }],
    ["hold.yml", {}],
  ])("%s shows the job's token where there is no key", async (template, given) => {
    await using keyless = await KeylessServer.start();
    await using machine = new Machine(keyless.server, "uat-keyless", keyless.tokens.get("gitlab"));
    const pipeline = render(template, { ...given, environment: machine.environment });
    const deploy = { stage: "deploy", script: ["make deploy"] };
    await play(template === "hold.yml" ? { ...pipeline, deploy } : pipeline, machine);
    const leases = await Promise.all(machine.made[0]?.holders.map(({ leaseId }) => leaseOf(keyless.server, leaseId)) ?? []);
    expect(leases).toMatchObject([{ principal: "oidc:gitlab-shop-protected:20", endReason: EndReason.RELEASED }]);
  });

  test.each([
    ["exec.yml", { script: ['make "$CALL_ME_ENVIRONMENT" "$CALL_ME_SLOTS"'] }],
    ["hold.yml", {}],
  ])("%s holds any environment that a selector matches", async (template, given) => {
    await using machine = new Machine(server, template);
    const labels = { component: template, tier: "uat" };
    await clientsOf(server).environments.applyEnvironments({ environments: [{ name: `any-${template}`, pool: "any", labels }] });
    const selector = `component in (${template},x),tier!=dev,!slow`;
    const pipeline = render(template, { ...given, selector, pool: "any" });
    const deploy = { stage: "deploy", script: ['make "$CALL_ME_ENVIRONMENT" "$CALL_ME_SLOTS"'] };
    await play(template === "hold.yml" ? { ...pipeline, deploy } : pipeline, machine);
    expect(machine.made.map(({ args }) => args)).toEqual([`any-${template} 0`]);
  });

  test("hold takes before the jobs of a pipeline and gives back after them, with the lease's token", async () => {
    await using machine = new Machine(server, "component-hold");
    const pipeline = render("hold.yml", { environment: "component-hold component-hold-2=1" });
    expect(pipeline["call-me-give-back"]).toMatchObject({ stage: ".post", when: "always", tags: [] });
    await play({ ...pipeline, deploy: { stage: "deploy", script: ["make deploy"] } }, machine);
    expect(machine.made.map(({ args }) => args)).toEqual(["deploy"]);
    await gaveBack(machine);
  });

  test("hold gives back what its first job took, though that was killed before its report was there, and nobody else's", async () => {
    await using machine = new Machine(server, "component-killed");
    const { environment } = machine;
    const { locks, environments } = clientsOf(server);
    await environments.applyEnvironments({ environments: [{ name: environment, capacity: 2 }] });
    const { lease: another } = await locks.acquire({ environment });
    const pipeline = render("hold.yml", { environment, "job-prefix": "killed" });
    const take = pipeline["killed-take"];
    const giveBack = { "killed-give-back": { ...pipeline["killed-give-back"], variables: { CALL_ME_API_KEY: server.key } } };
    // As if nothing had been uploaded; with the key, which is a variable of the project.
    await play({ "killed-take": { ...take, script: [...take.script, "make it", ": > call-me.env"] } }, machine);
    await play(giveBack, machine);
    const holders = machine.made[0]?.holders.map(({ leaseId }) => leaseId) ?? [];
    expect(holders).toHaveLength(2);
    const ours = await leaseOf(server, holders.find((id) => id !== another?.id) ?? "");
    expect(ours).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.RELEASED });
    expect((await leaseOf(server, another?.id ?? "")).state).toBe(LeaseState.HELD);
    // Once more: there is nothing to give back, and all is well.
    await play(giveBack, machine);
    expect((await leaseOf(server, another?.id ?? "")).state).toBe(LeaseState.HELD);
  });

  test("hold's last job fails with 6 when the lease was lost before", async () => {
    await using machine = new Machine(server, "component-lost");
    machine.loses();
    const pipeline = render("hold.yml", { environment: machine.environment });
    await expect(play({ ...pipeline, deploy: { stage: "deploy", script: ["make deploy"] } }, machine)).rejects.toThrow("exit code 6");
  });

  test.each([
    ["is no JSON", "[!reference [.setup, script]]", "JSON"],
    ["has no lines", "[]", "input script has no lines"],
  ])("exec fails before it takes anything when its script %s", async (_, value, words) => {
    await using machine = new Machine(server, `component-script-${value.length}`);
    const { acceptance } = render("exec.yml", { environment: machine.environment, script: ["make never"] });
    acceptance.variables.CALL_ME_SCRIPT.value = value;
    await expect(play({ acceptance }, machine)).rejects.toThrow(words);
    expect(machine.stderr).not.toContain("call-me:");
  });

  test("exec runs lists within the script as GitLab does, line by line", async () => {
    await using machine = new Machine(server, "component-nested");
    await play(render("exec.yml", { environment: machine.environment, script: [["make one", ["make two"]], "make three"] }), machine);
    expect(machine.made.map(({ args }) => args)).toEqual(["one", "two", "three"]);
  });

  test("what is missing, unknown, or could be more than a name is refused by the inputs themselves", () => {
    expect(() => render("exec.yml", { environment: "uat" })).toThrow("required value has not been provided: script");
    expect(() => render("hold.yml", { environment: "uat; rm -rf /" })).toThrow("does not match required RegEx pattern: environment");
    for (const environment of ["--fail", "--url=http://127.0.0.1:1", "uat --fail", "uat -x"]) {
      expect(() => render("exec.yml", { environment, script: [] })).toThrow("does not match required RegEx pattern: environment");
      expect(() => render("hold.yml", { environment })).toThrow("does not match required RegEx pattern: environment");
    }
    expect(() => render("hold.yml", { environment: "uat", ttl: "$(id)" })).toThrow("does not match required RegEx pattern: ttl");
    expect(() => render("hold.yml", { environment: "uat", lock: true })).toThrow("unknown input: lock");
  });
});
