/** The server's settings; the only reader of process.env under src/. */
import { readFileSync } from "node:fs";
import { BlockList } from "node:net";
import { addTo } from "./access/address.ts";
import { limits } from "./core/limits.ts";
import { readDuration } from "./core/model/duration.ts";
import type { Micros } from "./core/model/units.ts";

/** A setting that cannot be used: the message names it, its value and the remedy. */
export class BadSetting extends Error {
  override readonly name = "BadSetting";
}

/** A file of environments and pools. */
export interface FleetSetting {
  readonly file: string;
  /** Also delete what it does not name. */
  readonly prune: boolean;
}

/** The files that TLS is spoken with, and how. */
export interface TlsSetting {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** Path of a PEM file: clients are asked for certificates of these CAs. */
  readonly clientCa: string | undefined;
  /** Without such a certificate there is no connection. */
  readonly demandsCertificate: boolean;
}

/** What /metrics tells, and to whom. */
export interface MetricsSetting {
  /** To everybody who connects. */
  readonly open: boolean;
  /** How many environments have series of their own. */
  readonly environments: number;
}

export interface Config {
  /** Where to listen; undefined: nobody has said. Whether it will do depends on the stored keys: see hostFor. */
  readonly host: string | undefined;
  readonly port: number;
  /** The admin key; without one, and without a stored key, no key is asked for, on loopback only. */
  readonly apiKey: string | undefined;
  /** Path of the SQLite file. */
  readonly sqlite: string;
  readonly autoCreate: boolean;
  /** What is applied at the start and at every SIGHUP. */
  readonly fleet: FleetSetting | undefined;
  /** Leases taken through /maybe live this long; undefined: until freed. */
  readonly legacyTtl: Micros | undefined;
  /** Proxies whose word is taken for whom a request comes from. */
  readonly proxies: BlockList | undefined;
  /** Origins whose web pages may call, besides the server's own. */
  readonly corsOrigins: ReadonlySet<string>;
  /** Whether the usual calls go past connect-es; see rpc/direct. */
  readonly direct: boolean;
  /** How much of the history is kept. */
  readonly retention: { readonly span: Micros; readonly entries: number };
  readonly tls: TlsSetting | undefined;
  /** Whether clear text beyond this machine is what somebody wants, who has said so. */
  readonly clearText: boolean;
  readonly logLevel: string;
  readonly metrics: MetricsSetting;
  /** What variables of environments may name as `from_env`: the server's own CALL_ME_SECRET_…, without empty ones. */
  readonly secrets: ReadonlyMap<string, string>;
  /** A file of access rules, read at the start and at every SIGHUP. */
  readonly access: string | undefined;
  /** A file that says who is told of what, read likewise. */
  readonly notices: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings. Throws BadSetting. */
export function readConfig(env: Environment = process.env): Config {
  const apiKey = readKey(env["API_KEY"], env["API_KEY_FILE"]);
  return {
    host: env["CALL_ME_BIND"] || undefined,
    port: readPort(env["PORT"]),
    apiKey,
    sqlite: readStore(env["CALL_ME_STORE"]),
    autoCreate: readSwitch("CALL_ME_AUTO_CREATE", env["CALL_ME_AUTO_CREATE"]),
    fleet: readFleet(env["CALL_ME_CONFIG"], env["CALL_ME_CONFIG_PRUNE"]),
    legacyTtl: readTtl("CALL_ME_LEGACY_TTL", env["CALL_ME_LEGACY_TTL"]),
    proxies: readProxies(env["CALL_ME_TRUSTED_PROXIES"]),
    corsOrigins: readOrigins(env["CALL_ME_CORS_ORIGINS"]),
    direct: readSwitch("CALL_ME_DIRECT", env["CALL_ME_DIRECT"]),
    retention: {
      span: day * readNumber("CALL_ME_HISTORY_DAYS", env["CALL_ME_HISTORY_DAYS"], limits.archive.days),
      entries: readNumber("CALL_ME_HISTORY_EVENTS", env["CALL_ME_HISTORY_EVENTS"], limits.archive.events),
    },
    tls: readTls(env),
    clearText: env["CALL_ME_TLS"] === "off",
    logLevel: readLevel(env["CALL_ME_LOG_LEVEL"]),
    metrics: {
      open: readOpenness(env["CALL_ME_METRICS"]),
      environments: readNumber("CALL_ME_METRICS_ENVIRONMENTS", env["CALL_ME_METRICS_ENVIRONMENTS"], limits.metrics),
    },
    secrets: readSecrets(env),
    access: env["CALL_ME_ACCESS"] || undefined,
    notices: env["CALL_ME_NOTICES"] || undefined,
  };
}

/** In characters. An answer has those of all environments of a lease. */
const LONGEST_SECRET = 32 * 1024;

/** An empty one is none: nobody shall begin with an empty password. */
function readSecrets(env: Environment): ReadonlyMap<string, string> {
  const found = Object.entries(env).filter((pair): pair is [string, string] => pair[0].startsWith("CALL_ME_SECRET_") && !!pair[1]);
  const long = found.find(([, value]) => value.length > LONGEST_SECRET);
  if (long !== undefined)
    throw new BadSetting(`${long[0]} has ${long[1].length} characters; at most ${LONGEST_SECRET} can be given to holders`);
  return new Map(found);
}

/**
 * The key itself, or the content of a file without the white space around it; a file that cannot be used must not mean that no key is asked
 * for.
 */
function readKey(key: string | undefined, file: string | undefined): string | undefined {
  if (key && file) throw new BadSetting(`API_KEY and API_KEY_FILE (${file}) are both set; give the key once`);
  const apiKey = file ? readFile("API_KEY_FILE", file).toString().trim() : key || undefined;
  if (apiKey === undefined) return undefined;
  const source = file ? `API_KEY_FILE is ${file}, and the key in it` : "API_KEY";
  if (apiKey === "")
    throw new BadSetting(`API_KEY_FILE is ${file}, which is empty; write the key into it, or set neither for no key at all`);
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new BadSetting(`${source} has spaces or characters beyond ASCII, which no client can send in a header; choose another key`);
  if (apiKey.startsWith("cml_")) throw new BadSetting(`${source} begins with cml_, which is how lease tokens begin; choose another key`);
  if (apiKey.startsWith("cmk_")) throw new BadSetting(`${source} begins with cmk_, which is how stored keys begin; choose another key`);
  return apiKey;
}

/** What of the settings takes that a key is asked for, and would else let everybody in. */
export interface Exposure {
  readonly host: string | undefined;
  readonly access?: string | undefined;
}

/** Where to listen, once it is known whether anybody is asked for a key. Throws a BadSetting where that must not be. */
export function hostFor({ host, access }: Exposure, open: boolean): string {
  if (!open) return host ?? "0.0.0.0";
  const remedy = "set API_KEY or API_KEY_FILE, or start once without this, on this machine, and make a key with call-me keys create";
  if (access !== undefined)
    throw new BadSetting(`CALL_ME_ACCESS is ${access}, and there is no key, so that nobody is asked who they are: ${remedy}`);
  if (host !== undefined && !/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host))
    throw new BadSetting(`CALL_ME_BIND is ${host}, and there is no key: ${remedy}`);
  return host ?? "127.0.0.1";
}

function readPort(port: string | undefined): number {
  if (port === undefined || port === "") return 8000;
  const number = Number(port);
  if (/^\d{1,5}$/.test(port) && number <= 65_535) return number;
  throw new BadSetting(`PORT is ${JSON.stringify(port)}; give a number from 0 to 65535 (0: any free one)`);
}

function readStore(store: string | undefined): string {
  if (store === undefined || store === "") return "call-me.db";
  if (store.startsWith("sqlite:") && store.length > "sqlite:".length) return store.slice("sqlite:".length);
  throw new BadSetting(
    `CALL_ME_STORE is ${JSON.stringify(store.replace(/:\/\/.*/, "://…"))}; give sqlite:PATH, for example sqlite:call-me.db`,
  );
}

function readSwitch(name: string, value: string | undefined, usual = true): boolean {
  if (value === undefined || value === "") return usual;
  if (/^(on|true|1|yes)$/i.test(value)) return true;
  if (/^(off|false|0|no)$/i.test(value)) return false;
  throw new BadSetting(`${name} is ${JSON.stringify(value)}; give on or off`);
}

function readOpenness(value: string | undefined): boolean {
  if (value === undefined || value === "" || value === "key") return false;
  if (value === "open") return true;
  throw new BadSetting(
    `CALL_ME_METRICS is ${JSON.stringify(value)}; give open, so that nobody is asked for a key at /metrics, or key, as without it`,
  );
}

function readFleet(file: string | undefined, prune: string | undefined): FleetSetting | undefined {
  if (file) return { file, prune: readSwitch("CALL_ME_CONFIG_PRUNE", prune, false) };
  if (prune)
    throw new BadSetting(`CALL_ME_CONFIG_PRUNE is ${JSON.stringify(prune)}, and there is no CALL_ME_CONFIG; give the path of a file`);
  return undefined;
}

function readNumber(
  name: string,
  value: string | undefined,
  range: { readonly min: number; readonly max: number; readonly default: number },
): number {
  if (value === undefined || value === "") return range.default;
  const number = Number(value);
  if (/^\d{1,12}$/.test(value) && number >= range.min && number <= range.max) return number;
  throw new BadSetting(`${name} is ${JSON.stringify(value)}; give a number from ${range.min} to ${range.max}`);
}

function readTtl(name: string, value: string | undefined): Micros | undefined {
  if (value === undefined || value === "" || value === "off") return undefined;
  const micros = readDuration(value);
  if (micros !== undefined && micros >= limits.minTtl && micros <= limits.maxTtl) return micros;
  throw new BadSetting(`${name} is ${JSON.stringify(value)}; give 1s to 30d, for example 90m, or off`);
}

const day = 86_400_000_000;

/** Exact origins only: a `*` would let every page that somebody visits use the server, and `null` is what any sandboxed page can call itself. */
function readOrigins(list: string | undefined): ReadonlySet<string> {
  const origins = itemsOf(list);
  for (const origin of origins) {
    const url = URL.parse(origin);
    if (url?.origin === origin && /^https?:$/.test(url.protocol) && !origin.includes("*")) continue;
    throw new BadSetting(
      `CALL_ME_CORS_ORIGINS has ${JSON.stringify(origin)}; give origins as browsers send them, for example https://ci.example.com,http://localhost:5173`,
    );
  }
  return new Set(origins);
}

function itemsOf(list: string | undefined): string[] {
  return (list ?? "").split(",").flatMap((item) => item.trim() || []);
}

/** Addresses and networks. One of all addresses would believe everybody, who then could claim to be anybody. */
function readProxies(list: string | undefined): BlockList | undefined {
  const items = itemsOf(list);
  if (items.length === 0) return undefined;
  const proxies = new BlockList();
  for (const item of items) {
    if (/\/0+$/.test(item))
      throw new BadSetting(
        `CALL_ME_TRUSTED_PROXIES has ${JSON.stringify(item)}, which is everybody: whoever connects could claim to be anybody; give only the proxies' own networks`,
      );
    if (!addTo(proxies, item))
      throw new BadSetting(
        `CALL_ME_TRUSTED_PROXIES has ${JSON.stringify(item)}; give addresses and networks of proxies, for example 192.0.2.1,10.0.0.0/8,fd00::/8`,
      );
  }
  return proxies;
}

function readTls(env: Environment): TlsSetting | undefined {
  const { CALL_ME_TLS: wish, CALL_ME_TLS_CERT: cert, CALL_ME_TLS_KEY: key, CALL_ME_TLS_MIN: min = "" } = env;
  if (wish && wish !== "required" && wish !== "off") throw new BadSetting(`CALL_ME_TLS is ${JSON.stringify(wish)}; give required or off`);
  if (!cert !== !key) throw new BadSetting("CALL_ME_TLS_CERT and CALL_ME_TLS_KEY go together: give the paths of both PEM files");
  const { CALL_ME_TLS_CLIENT_CA: clientCa, CALL_ME_TLS_CLIENT: client = "" } = env;
  if (!/^(required|optional)?$/.test(client))
    throw new BadSetting(`CALL_ME_TLS_CLIENT is ${JSON.stringify(client)}; give required or optional`);
  if (client && !clientCa)
    throw new BadSetting(
      `CALL_ME_TLS_CLIENT is ${client}, and there is no CALL_ME_TLS_CLIENT_CA; give the path of the clients' CA, in PEM`,
    );
  if (!/^(1\.[23])?$/.test(min)) throw new BadSetting(`CALL_ME_TLS_MIN is ${JSON.stringify(min)}; give 1.2 or 1.3`);
  if (!cert || !key) {
    if (wish === "required")
      throw new BadSetting("CALL_ME_TLS is required: give CALL_ME_TLS_CERT and CALL_ME_TLS_KEY, the paths of PEM files");
    const [idle] = Object.entries({ CALL_ME_TLS_MIN: min, CALL_ME_TLS_CLIENT_CA: clientCa }).filter(([, value]) => value);
    if (idle) throw new BadSetting(`${idle[0]} is ${idle[1]}, and there is no TLS: give CALL_ME_TLS_CERT and CALL_ME_TLS_KEY`);
    return undefined;
  }
  if (wish === "off") throw new BadSetting(`CALL_ME_TLS is off, and CALL_ME_TLS_CERT is ${cert}; leave out one of them`);
  return {
    ...{ cert, key, minVersion: min === "1.3" ? "TLSv1.3" : "TLSv1.2" },
    ...{ clientCa: clientCa || undefined, demandsCertificate: client === "required" },
  };
}

function readFile(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new BadSetting(`${name} is ${path}, which cannot be read: ${(error as Error).message}`);
  }
}

function readLevel(level: string | undefined): string {
  if (level === undefined || level === "") return "info";
  if (["fatal", "error", "warn", "info", "debug", "trace", "silent"].includes(level)) return level;
  throw new BadSetting(`CALL_ME_LOG_LEVEL is ${JSON.stringify(level)}; give fatal, error, warn, info, debug, trace or silent`);
}
