/** Wires a server together: one thing that starts, and can be stopped. Tests start the same one. */
import type { BlockList } from "node:net";
import { create } from "@bufbuild/protobuf";
import { ApplyEnvironmentsResponseSchema } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { isIn } from "./access/address.ts";
import { Certificates } from "./access/certificates/identities.ts";
import { ACCESS_LIMITS, type AccessLimits } from "./access/limits.ts";
import { SignIns } from "./access/oidc/sign-ins.ts";
import { Tokens } from "./access/oidc/tokens.ts";
import { type AccessRules, rulesInWords } from "./access/rules.ts";
import { Throttle } from "./access/throttle.ts";
import { ACCESS_POOL } from "./core/access/key.ts";
import { ALL_RIGHTS } from "./core/access/rights.ts";
import { limits } from "./core/limits.ts";
import type { Micros } from "./core/model/units.ts";
import { Engine } from "./engine/engine.ts";
import { Chronicle, type Retention } from "./engine/history/chronicle.ts";
import type { Observer } from "./engine/observer.ts";
import { realTimers } from "./engine/timers.ts";
import { EventLog } from "./event-log.ts";
import type { ApplyFleet } from "./fleet.ts";
import { Metrics } from "./metrics/metrics.ts";
import { Notices } from "./notices/notices.ts";
import type { NoticeRules } from "./notices/rules.ts";
import { Readiness } from "./readiness.ts";
import { Recorder } from "./recorder.ts";
import { Fairness } from "./rpc/fairness.ts";
import type { TlsOptions } from "./rpc/http/door/tls.ts";
import { type Listening, listen } from "./rpc/http/listen.ts";
import { readPage } from "./rpc/http/page/files.ts";
import { httpHandlers } from "./rpc/http/paths.ts";
import { Keyring } from "./rpc/keyring.ts";
import type { Call } from "./rpc/methods/call.ts";
import { apply } from "./rpc/methods/environments.ts";
import { Principals } from "./rpc/principal.ts";
import { withholdIncomplete } from "./shortfall.ts";
import { Clock, type ClockWitness } from "./store/clock.ts";
import type { Archive } from "./store/history/history.ts";
import type { Posting } from "./store/history/letter.ts";
import { LocalStore } from "./store/local.ts";
import type { Medium } from "./store/medium.ts";
import type { Store, StoreFailure } from "./store/store.ts";
import { Strangers } from "./strangers.ts";
import { tracing } from "./traces.ts";
import { version } from "./version.ts";

/** A pino logger, or anything like it. */
export interface Log {
  /** Absent: it is not to be told of every call. */
  isLevelEnabled?(level: string): boolean;
  debug(facts: object, text: string): void;
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

export interface AppOptions {
  /** Where to listen, by whether nobody is asked for a key; when it throws, the start fails. */
  readonly hostFor: (open: boolean) => string;
  /** 0: any free one. */
  readonly port: number;
  readonly apiKey: string | undefined;
  readonly autoCreate: boolean;
  readonly legacyTtl: Micros | undefined;
  /** Proxies whose word is taken for whom a request comes from; none, without. */
  readonly proxies?: BlockList | undefined;
  /** Origins whose web pages may call, besides the server's own. */
  readonly corsOrigins: ReadonlySet<string>;
  readonly tls?: TlsOptions | undefined;
  /** Whether the usual calls of LockService go past connect-es. */
  readonly direct: boolean;
  /** The texts that variables of environments may name, by name; none is empty. */
  readonly secrets?: ReadonlyMap<string, string>;
  readonly medium: Medium;
  /** Configures the server before anybody is served; when it rejects, the start does. */
  readonly configure?: (apply: ApplyFleet) => Promise<void>;
  /** Who is let in without a key. */
  readonly rules?: AccessRules | undefined;
  /** Who is told of what; nobody, without. */
  readonly notices?: NoticeRules | undefined;
  readonly archive: Archive;
  /** How much of the history is kept. */
  readonly retention: Retention;
  /** Whether /metrics asks for no key, and how many environments have series of their own there. */
  readonly metrics?: { readonly open: boolean; readonly environments: number };
  readonly log: Log;
}

export interface App {
  readonly host: string;
  readonly port: number;
  /** Whether nobody was asked for a key when it started, and how many stored keys opened something then. */
  readonly admission: { readonly open: boolean; readonly keys: number };
  /** Resolves when the outcome of a commit is unknown: the process must end, and find out by starting again. */
  readonly broken: Promise<StoreFailure>;
  /** ApplyEnvironments, by the server itself; what then lacks variables is taken out of service. */
  readonly apply: ApplyFleet;
  /** New connections are made with this; only where there was a certificate before. */
  renewTls(tls: TlsOptions): void;
  /** Lets in whom these rules let in, from now on. */
  readonly govern: (rules: AccessRules) => Promise<void>;
  /** Tells whom these rules name, from now on. */
  readonly notify: (rules: NoticeRules) => void;
  /** Drains: no new leases; waits and streams end; what is under way is answered, within `graceMs`. Leases and places in line stay. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts a server. Rejects with a StoreUnusable, with a StoreFailure when the disk fails just now, with Node's error about the address, or
 * with what its options throw.
 */
export async function start(options: AppOptions): Promise<App> {
  const { log } = options;
  const metrics = new Metrics(options.metrics?.environments ?? limits.metrics.default, version());
  const witnesses = witness(log, metrics);
  const store = await LocalStore.open(options.medium, (latest) => new Clock(Math.max(latest, Date.now() * 1_000), witnesses));
  let chronicle: Chronicle | undefined;
  const trouble = (err: unknown, what: string) => log.error({ err }, `could not ${what}`);
  const observer: Observer = {
    trouble,
    committed: (commit) => chronicle?.note(commit),
    refused: (call) => recorder.refused(call),
    unknown: (call) => strangers.came(call),
  };
  const traces = await tracing(log);
  const observers = [observer, metrics, new EventLog(log), ...(traces === undefined ? [] : [traces])];
  const engine = await Engine.start(store, undefined, ...observers).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const recorder = new Recorder({
    timers: realTimers,
    write: (happened) => engine.submit(ACCESS_POOL, { type: "record", happened }),
    trouble: (error) => trouble(error, "put on record who was refused what; it is counted, and tried again"),
  });
  const record = (note: string) => recorder.put({ kind: "REFUSED", subject: "keys", note });
  const strangers = new Strangers({ timers: realTimers, log, record });
  const { archive, retention } = options;
  const { views, holds } = engine;
  const notices = new Notices({ archive, views, timers: realTimers, log, trouble, observer: metrics.notices });
  if (options.notices !== undefined) tellWhom({ notices, metrics }, options.notices);
  const posted = (posting: Posting) => notices.posted(posting);
  const history = new Chronicle({ store, archive, views, holds, timers: realTimers, retention, posted, trouble });
  chronicle = history;
  return await open(options, store, { engine, chronicle: history, notices, recorder, strangers, metrics }).catch(async (error: unknown) => {
    await notices.stop();
    await history.stop();
    await engine.stop();
    throw error;
  });
}

/** All that comes once the store is open: who is let in, what is configured, and the port. */
async function open(options: AppOptions, store: Store & { readonly secret: Uint8Array }, inside: Omit<Open, "door">): Promise<App> {
  const { engine, chronicle, notices, metrics } = inside;
  const { autoCreate, secrets = new Map(), log } = options;
  const { principals, throttle, govern, signIns } = await accessOf(options, inside, store.secret);
  const admission = { open: principals.open, keys: principals.keyring.count };
  const host = options.hostFor(admission.open);
  const service = { chronicle, engine, notices, principals, throttle, fairness: new Fairness(), autoCreate, secrets };
  const applyFleet: ApplyFleet = async (request, lacking) =>
    create(ApplyEnvironmentsResponseSchema, await apply(service, request, OWN_CALL, lacking));
  await options.configure?.(applyFleet);
  await withholdIncomplete(engine, secrets, log);
  const health = new Readiness(store, engine.draining, log);
  metrics.begin({
    ...{ views: engine.views, ready: () => health.serving() },
    ...{ notices: () => notices.figures(), historyBehind: () => chronicle.behind },
  });
  const handlers = httpHandlers({
    service,
    health,
    metrics: { open: options.metrics?.open === true, text: (sight) => metrics.text(sight) },
    legacyTtl: options.legacyTtl,
    corsOrigins: options.corsOrigins,
    direct: options.direct,
    page: { files: await readPage(), signIns },
    report: (err, method) => log.error({ err, method }, "a call failed unexpectedly"),
  });
  const { port, tls, proxies } = options;
  const door = await listen({ host, port, ...(tls && { tls }), proxies, ...handlers, access: () => throttle.limits, log });
  return {
    ...{ host: door.host, port: door.port, admission, govern, notify: (rules) => tellWhom(inside, rules) },
    broken: broken(store),
    apply: async (request, lacking) => {
      const answer = await applyFleet(request, lacking);
      await withholdIncomplete(engine, secrets, log);
      return answer;
    },
    renewTls: (renewed) => door.renew(renewed),
    stop: (graceMs) => {
      principals.keyring.note();
      return stop({ ...inside, door }, graceMs);
    },
  };
}

/** From now on these rules count. */
function tellWhom({ notices, metrics }: Pick<Open, "notices" | "metrics">, rules: NoticeRules): void {
  notices.govern(rules);
  metrics.notices.govern(notices.rules);
}

/** The same limits, but none for trusted proxies themselves: they stand for many. */
function sparing(limits: AccessLimits, proxies: BlockList | undefined): AccessLimits {
  if (proxies === undefined) return limits;
  const { exempt } = limits;
  return { ...limits, exempt: { ...exempt, address: (address) => exempt.address(address) || isIn(proxies, address) } };
}

/** Who is let in, by keys and by rules, and what gives them others. */
async function accessOf(
  { apiKey, tls, rules, proxies, log }: AppOptions,
  { engine, recorder }: Pick<Open, "engine" | "recorder">,
  secret: Uint8Array,
) {
  const [tokens, certificates, signIns] = [new Tokens(log), new Certificates(log), new SignIns(log)];
  const throttle = new Throttle(sparing(ACCESS_LIMITS, proxies));
  const govern = async (given: AccessRules) => {
    throttle.limits = sparing(given.limits, proxies);
    certificates.trust(given.certificates);
    if (certificates.trusts && tls?.clientCa === undefined)
      log.warn({}, "there are rules for client certificates, and nobody is asked for one: set CALL_ME_TLS_CLIENT_CA");
    await tokens.trust(given.issuers);
    signIns.trust(given.issuers);
    recorder.put({ kind: "ACCESS_CHANGED", subject: "access rules", note: rulesInWords(given), by: OWN_CALL.caller });
  };
  if (rules !== undefined) await govern(rules);
  engine.draining.addEventListener("abort", () => {
    tokens.close();
    signIns.close();
  });
  return { signIns, principals: new Principals(apiKey, secret, { keyring: new Keyring(engine), tokens, certificates }), throttle, govern };
}

/** A call of the server itself, which waits for its answer and is named for the record. */
const OWN_CALL: Call = {
  caller: { principal: "configuration", kind: "BOOTSTRAP", rights: ALL_RIGHTS },
  system: "connectrpc",
  gone: false,
  onGone: () => {},
  timeLeft: () => undefined,
  handOver: () => () => {},
};

/** What is open, to be closed in this order. */
interface Open {
  readonly engine: Engine;
  readonly door: Listening;
  readonly chronicle: Chronicle;
  readonly notices: Notices;
  readonly recorder: Recorder;
  readonly strangers: Strangers;
  readonly metrics: Metrics;
}

async function stop({ engine, door, chronicle, notices, recorder, strangers }: Open, graceMs: number): Promise<void> {
  engine.drain();
  await door.drain(graceMs);
  strangers.record();
  await recorder.stop();
  await notices.stop();
  await chronicle.stop();
  await engine.stop();
}

function witness(log: Log, metrics: Metrics): ClockWitness {
  const stood = (span: Micros, words: string) => {
    metrics.stood(span / 1_000_000);
    log.warn({ seconds: Math.round(span / 10_000) / 100 }, words);
  };
  return {
    stalled: (gap) => stood(gap, "the process stood still; leases are extended by it"),
    held: () => log.warn({}, "time stands still, because the disk does not take what is written: no lease ends meanwhile"),
    resumed: (span) => stood(span, "time goes on; leases are extended by as long as it stood still"),
  };
}

function broken(store: Store): Promise<StoreFailure> {
  return new Promise((resolve) => {
    store.onFailure((failure) => {
      if (failure.reason === "OUTCOME_UNKNOWN") resolve(failure);
    });
  });
}
