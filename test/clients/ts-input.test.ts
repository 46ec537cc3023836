/** What the TypeScript client refuses by itself, at once and by name: JavaScript has no compiler to do so, and no server has to be asked. */
import { afterEach, expect, test, vi } from "vitest";
import { Client, type HoldOptions } from "../../clients/ts/src/index.ts";

afterEach(() => vi.unstubAllEnvs());

/** Nobody answers there: what is sent would be tried for 10 s. */
const client = new Client({ url: "http://127.0.0.1:1", key: "" });

test.each<[object, RegExp]>([
  [{ tll: "5s" }, /hold has no option "tll"; there are ttl, maxHold,/],
  [{ ttl: "soon" }, /ttl: "soon" is no length of time; write it like "90s"/],
  [{ maxHold: -1 }, /maxHold: -1 is no length of time/],
  [{ notAfter: "tomorrow" }, /notAfter: "tomorrow" is no time; give a Date/],
  [{ tags: "nightly" }, /tags: "nightly" is no array of texts/],
  [{ priority: "high" }, /cannot be asked for: .*priority to binary: invalid int32/],
])("options %j", async (options, message) => {
  const error = await client.hold("uat", options as HoldOptions).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toHaveProperty("message", expect.stringMatching(message));
});

test.each<[unknown, RegExp]>([
  [42, /42 is no environment; give its name, \{ environment, slots \} or \{ selector, count, slots \}/],
  [{ selector: "tier=uat", cuont: 2 }, /a need has no field "cuont"; there are environment, selector, count, slots/],
  [["uat", null], /null is no environment/],
  [{ environment: "uat", slots: -1 }, /cannot be asked for: .*slots.*-1/],
])("wanted %j", async (wanted, message) => {
  await expect(client.hold(wanted as string)).rejects.toThrow(message);
});

test("a body that is no function, before anything is held", async () => {
  await expect(client.hold("uat", {}, "body" as unknown as () => void)).rejects.toThrow("the body of a hold is a function, not string");
});

test("a place in line that nobody keeps, without saying for how long", async () => {
  const detached = client.detach("uat", { ttl: "1h" });
  await expect(detached).rejects.toThrow(/^detach needs ticketTtl, claimTimeout, since nobody .* ticketTtl: how long it waits/);
});

test("a ticket without its token", async () => {
  const ticket = { leaseId: "01a2", leaseToken: "", requestId: "r" };
  await expect(client.pickUp(ticket)).rejects.toThrow("a ticket has a leaseToken, as Client.detach gave it");
});

test("facts that are no texts", async () => {
  await expect(client.release("01a2", "cml_01a2_x", { build: 4711 as unknown as string })).rejects.toThrow(
    'the fact "build" is 4711; facts are texts',
  );
});

test.each(["127.0.0.1:8000", "localhost:8000", "ftp://ci.example", ""])("the address %j", (url) => {
  const message = `${JSON.stringify(url)} is no http(s) address; write it like http://127.0.0.1:8000`;
  expect(() => new Client({ url })).toThrow(`url ${message}`);
  vi.stubEnv("CALL_ME_URL", url);
  if (url !== "") expect(() => new Client()).toThrow(`CALL_ME_URL ${message}`);
});

test("a key that no header carries, without telling it", () => {
  const refused = "must be one line of visible ASCII characters, without spaces";
  expect(() => new Client({ key: "schlüssel" })).toThrow(new TypeError(`key ${refused}`));
  vi.stubEnv("CALL_ME_API_KEY", "two\nlines");
  expect(() => new Client()).toThrow(new TypeError(`CALL_ME_API_KEY ${refused}`));
  expect(() => new Client({ key: "one line\n" })).toThrow(TypeError);
  expect(() => new Client({ key: "crj\n" })).not.toThrow();
});
