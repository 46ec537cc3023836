// A server with everybody who may call it: the columns of the matrix, and what they call about.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Role } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { AUDIENCE, TestIssuer } from "../../access/issuer.ts";
import { type Clients, clientsOf, leaseIn, seconds, tokenOf } from "../clients.ts";
import { Server } from "../server.ts";
import { type Fresh, POOLS, type Target } from "./asked.ts";
import type { Line, Verdict } from "./expected.ts";

/** Whoever calls. */
export interface Column {
  readonly name: string;
  /** Undefined: none is sent. */
  readonly key: (line: Line) => string | undefined;
  /** What becomes of a call: `yes`, or its code and reason. */
  readonly outcome: (line: Line) => string;
  /** What it calls about, unless that is what is there for all of its line. */
  readonly target?: (line: Line) => Target;
  /** Whether it can have a lease of its own, and how it gets it. */
  readonly takes?: "acquire" | "acquireForCleaning";
  /** Of which lines it is asked; of all, if absent. */
  readonly asks?: (line: Line) => boolean;
  /** What the environments are called that it may do something to, up to their number. */
  readonly within?: string;
}

/** Those of keys, and how what they fit begins. */
const PREFIX = { "own-*": "own-", "other-*": "other-", "elsewhere:*": "own-", "*": "own-" } as const;
type Pattern = keyof typeof PREFIX;

/** A clock that is two minutes ahead of the machine's, for a process that is started with this. */
const LATER = "--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+120_000";

const OUTCOMES: Readonly<Record<Verdict, string>> = {
  yes: "yes",
  no: "permission_denied NOT_ALLOWED",
  NOT_YOURS: "permission_denied NOT_YOURS",
  narrow: "permission_denied TOKEN_TOO_NARROW",
  "by-id": "failed_precondition NAME_THE_LEASE",
};

/** What became of the leases of one line. */
interface Leases {
  readonly own: Target;
  readonly left: Target;
  readonly tokens: Readonly<Record<"own" | "other" | "left", string>>;
}

/** A server, the keys and tokens of all columns, and what is there for them to ask for; `await using` ends it. */
export class World implements AsyncDisposable {
  readonly server: Server;
  readonly admin: Clients;
  readonly #issuer: TestIssuer;
  readonly #leases = new Map<string, Leases>();
  /** A lease of each column that can have one. */
  readonly #own = new Map<Column, Target>();
  readonly columns: readonly Column[];
  #made = 0;

  private constructor(server: Server, issuer: TestIssuer, columns: readonly Column[]) {
    this.server = server;
    this.#issuer = issuer;
    this.admin = clientsOf(server);
    this.columns = [...columns, ...this.#tokenColumns()];
  }

  /** Starts it, with one key for each of these roles on each kind of pattern. */
  static async start(roles: readonly string[], lines: readonly Line[]): Promise<World> {
    const issuer = await TestIssuer.start();
    const server = await Server.start();
    const keys = [await badKeys(server), await roleKeys(server, roles)].flat();
    await server.stop();
    const file = path.join(server.directory, "access.json");
    await writeFile(file, JSON.stringify(rulesOf(issuer)));
    await server.restart({ NODE_OPTIONS: LATER, CALL_ME_ACCESS: file });
    const world = new World(server, issuer, [...keys, jobColumn(await issuer.github())]);
    await world.#prepare(lines);
    return world;
  }

  /** What a call by one is about that is not let in. `kind`: of what would be. */
  targetOf(line: Line, column: Column, kind?: Fresh): Target {
    const own = kind === "own lease" ? this.#own.get(column) : undefined;
    return own ?? column.target?.(line) ?? this.#leasesOf(line.what).own;
  }

  /** What a caller who is let in asks for, and the key of who asks where that is made for it. */
  async fresh(kind: Fresh, column: Column, line: Line): Promise<{ readonly target: Target; readonly key?: string }> {
    const environment = `${column.within ?? "own-"}${kind.replace(" ", "-")}-${this.#made++}`;
    const target = { ...this.targetOf(line, column), environment };
    const { environments } = this.admin;
    const isCleaner = kind === "own lease" && column.takes === "acquireForCleaning";
    const isDirty = kind === "dirty" || isCleaner;
    const config = { name: environment, ...(isDirty && { pool: POOLS.dirty }) };
    if (kind === "configured" || isDirty) await environments.applyEnvironments({ environments: [config] });
    if (isDirty) await environments.setEnvironmentState({ environment, state: EnvironmentState.DIRTY });
    if (kind !== "own lease") return { target };
    if (column.name.includes("lease_token")) return await this.#ownToken(environment, column);
    const own = clientsOf({ url: this.server.url, key: column.key(line) ?? "" });
    const { lease } = isCleaner ? await own.environments.acquireForCleaning({ environment }) : await own.locks.acquire({ environment });
    return { target: { ...target, leaseId: lease?.id ?? "" } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#issuer[Symbol.asyncDispose]();
  }

  /** A lease of somebody whose key was revoked since, where the column is of such, and its token. */
  async #ownToken(environment: string, { name }: Column) {
    const lease = await this.#leaseOf(environment, name.startsWith("a revoked"));
    return { target: { environment, leaseId: lease.id, keyId: "" }, key: tokenOf(lease) };
  }

  async #leaseOf(environment: string, revoked: boolean) {
    const { key, secret } = await this.admin.access.createKey({ label: "holds", grants: [{ role: Role.USE, patterns: ["*"] }] });
    const lease = leaseIn(await clientsOf({ url: this.server.url, key: secret }).locks.acquire({ environment }));
    if (revoked) await this.admin.access.revokeKey({ id: key?.id ?? "" });
    return lease;
  }

  async #prepare(lines: readonly Line[]): Promise<void> {
    const environments = lines.map((_, index) => ({ name: `own-${index}` }));
    const many = ["own", "other"].map((name) => ({ name: `${name}-many`, pool: POOLS.many, capacity: 1_000, labels: { many: "" } }));
    const yard = ["own", "other"].map((name) => ({ name: `${name}-yard`, pool: POOLS.dirty }));
    await this.admin.environments.applyEnvironments({ environments: [...environments, ...many, ...yard] });
    await this.#prepareLines(lines);
    const [line] = lines;
    for (const column of this.columns)
      if (column.takes !== undefined && line !== undefined) this.#own.set(column, (await this.fresh("own lease", column, line)).target);
  }

  async #prepareLines(lines: readonly Line[]): Promise<void> {
    await Promise.all(
      lines.map(async ({ what }, index) => {
        const { key } = await this.admin.access.createKey({ label: what, grants: [{ role: Role.VIEW, patterns: ["*"] }] });
        const about = async (environment: string, revoked = false) => {
          const lease = await this.#leaseOf(environment, revoked);
          return { target: { environment, leaseId: lease.id, keyId: key?.id ?? "" }, token: tokenOf(lease) };
        };
        const [own, other, left] = [await about(`own-${index}`), await about(`own-other-${index}`), await about(`own-left-${index}`, true)];
        const tokens = { own: own.token, other: other.token, left: left.token };
        this.#leases.set(what, { own: own.target, left: left.target, tokens });
      }),
    );
  }

  #leasesOf(what: string): Leases {
    const leases = this.#leases.get(what);
    if (leases === undefined) throw new Error(`nothing was made for ${what}`);
    return leases;
  }

  #tokenColumns(): Column[] {
    const column = (name: string, kind: "own" | "other" | "left"): Column => ({
      name,
      key: ({ what }) => this.#leasesOf(what).tokens[kind],
      outcome: ({ verdicts }) => OUTCOMES[verdicts[kind] ?? "no"],
      ...(kind === "left" && { target: ({ what }: Line) => this.#leasesOf(what).left }),
    });
    return [column("its lease_token", "own"), column("another's lease_token", "other"), column("a revoked key's lease_token", "left")];
  }
}

/** What the table says of a role on a pattern. */
function outcomeOf(role: string, pattern: Pattern): Column["outcome"] {
  return ({ names, verdicts }) => {
    const pool = pattern !== "elsewhere:*";
    const fits = { environment: pool && pattern !== "other-*", pool, everything: pattern === "*", nothing: true, open: true }[names];
    return OUTCOMES[fits ? (verdicts[role] ?? "no") : "no"];
  };
}

function takingOf(role: string): Pick<Column, "takes"> {
  if (role === "CLEAN") return { takes: "acquireForCleaning" };
  return ["USE", "RESERVE", "ADMIN"].includes(role) ? { takes: "acquire" } : {};
}

async function roleKeys(server: Server, roles: readonly string[]): Promise<Column[]> {
  const { access } = clientsOf(server);
  const patterns = Object.keys(PREFIX) as Pattern[];
  // It can have nothing that is called as the others' is.
  const ofPools = { asks: ({ names }: Line) => names === "pool" };
  const pairs = roles.flatMap((role) => patterns.map((pattern) => ({ role, pattern })));
  const columns = pairs.map(async ({ role, pattern }): Promise<Column> => {
    const grants = [{ role: Role[role as keyof typeof Role], patterns: [pattern] }];
    const { secret } = await access.createKey({ label: `${role} on ${pattern}`, grants });
    return {
      ...{ name: `${role} on ${pattern}`, key: () => secret, outcome: outcomeOf(role, pattern), within: PREFIX[pattern] },
      ...(pattern === "elsewhere:*" ? ofPools : takingOf(role)),
    };
  });
  const bootstrap: Column = { name: "API_KEY", key: () => server.key, outcome: outcomeOf("ADMIN", "*"), takes: "acquire" };
  return [...(await Promise.all(columns)), bootstrap];
}

/** What opens nothing. */
async function badKeys(server: Server): Promise<Column[]> {
  const { access } = clientsOf(server);
  const grants = [{ role: Role.ADMIN, patterns: ["*"] }];
  const [expired, revoked] = await Promise.all([
    access.createKey({ label: "expired", grants, ttl: seconds(60) }),
    access.createKey({ label: "revoked", grants }),
  ]);
  await access.revokeKey({ id: revoked.key?.id ?? "" });
  const refused = (reason: string): Column["outcome"] => {
    return ({ names }) => (names === "open" ? "yes" : `unauthenticated ${reason}`);
  };
  const bad = (name: string, key: string): Column => ({ name, key: () => key, outcome: refused("WRONG_KEY") });
  return [
    { name: "no key", key: () => undefined, outcome: refused("NO_KEY") },
    bad("a wrong key", `${server.key}x`),
    bad("an expired key", expired.secret),
    bad("a revoked key", revoked.secret),
  ];
}

function rulesOf(issuer: TestIssuer): object {
  const rule = { name: "shop", claims: { repository_id: "1296269" }, grants: [{ role: "USE", patterns: ["own-*"] }] };
  return { issuers: [{ provider: "github", issuer: issuer.url, jwks_uri: issuer.jwksUri, audience: AUDIENCE, rules: [rule] }] };
}

/** A CI job, as it is let in by a token. */
function jobColumn(token: string): Column {
  return { name: "USE on own-* by a job's token", key: () => token, outcome: outcomeOf("USE", "own-*"), takes: "acquire" };
}
