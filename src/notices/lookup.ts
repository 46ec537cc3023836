/** Which addresses a name stands for, of those that a notice may go to. */
import { type LookupAddress, lookup as lookUp, promises } from "node:dns";
import type { BlockList, LookupFunction } from "node:net";
import { mayReach } from "./addresses.ts";

/** All addresses of a name; rejects with an error that has a code. */
export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

/** An address that nothing is sent to. */
export class Forbidden extends Error {
  override readonly name = "Forbidden";

  constructor(address: string) {
    super(`${address} is no public address; if it may be called, add it to private: in the file of CALL_ME_NOTICES`);
  }
}

/** How long a name server is waited for, in milliseconds, and how often it is asked. */
const PATIENCE = { timeout: 2_000, tries: 2 };
/** How long addresses of the other kind are waited for where those of one kind are known: some name servers never tell that there are none. */
const GRACE = 300;

/**
 * Asks the name servers themselves, and the system only for what these do not know at once, such as the names of a hosts file: while a name
 * server is silent, the system's way holds threads that the whole process needs. `servers`: others than the system's.
 */
export function systemResolve(servers?: readonly string[]): Resolve {
  const resolver = new promises.Resolver(PATIENCE);
  if (servers !== undefined) resolver.setServers(servers);
  return async (name) => {
    const found: LookupAddress[] = [];
    const take = (family: number) => (addresses: readonly string[]) =>
      void found.push(...addresses.map((address) => ({ address, family })));
    const asked = [resolver.resolve4(name).then(take(4)), resolver.resolve6(name).then(take(6))];
    const settled = Promise.allSettled(asked);
    await Promise.any(asked).then(() => Promise.race([settled, pause(GRACE)]), nothing);
    if (found.length > 0) return found;
    const silent = (await settled).find((result) => result.status === "rejected" && codeOf(result.reason) === "ETIMEOUT");
    if (silent?.status === "rejected") throw silent.reason;
    return await ofSystem(name);
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

/** In place of what is found out otherwise. */
function nothing(): void {}

function ofSystem(name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookUp(name, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

/**
 * The look-up of a connection: what it yields is what is connected to, so a name cannot stand for another address once it was checked. One
 * forbidden address forbids all: who mixes them is after the wrong one.
 */
export function checkedLookup(resolve: Resolve, networks: BlockList): LookupFunction {
  return (name, options, answer) => {
    resolve(name).then(
      (found) => {
        const fit = found.filter(({ family }) => !options.family || family === Number(String(options.family).replace("IPv", "")));
        const forbidden = fit.find(({ address }) => !mayReach(address, networks));
        const [first] = fit;
        if (forbidden !== undefined) answer(new Forbidden(forbidden.address), []);
        else if (first === undefined) answer(Object.assign(new Error(`no address of ${name}`), { code: "ENOTFOUND" }), []);
        else if (options.all === true) answer(null, [...fit]);
        else answer(null, first.address, first.family);
      },
      (error) => answer(error, []),
    );
  };
}

/** The code of an error of Node, or its name. */
export function codeOf(error: unknown): string {
  const { code, name = "Error" } = error as { readonly code?: unknown; readonly name?: string };
  return typeof code === "string" ? code : name;
}
