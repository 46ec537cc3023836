/** The server as a process: settings, signals, exit codes. */
import { setDefaultHighWaterMark } from "node:stream";
import { isLoopback } from "./access/address.ts";
import type { App } from "./app.ts";
import { type Config, hostFor, readConfig } from "./config.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import type { ApplyFleet, FleetReader } from "./fleet.ts";
import { hungUp } from "./hangup.ts";
import type { LogDestination, logInto } from "./log.ts";
import type { RulesReader } from "./rules.ts";
import { SqliteArchive } from "./store/archive.ts";
import { SqliteMedium } from "./store/sqlite.ts";

/** A stop is over within 10 s: this much for open calls, the rest for the store. */
const GRACE_MS = 8_000;
/** After a failed fsync: how long the waiting calls have to be answered before the process ends. */
const LAST_WORDS_MS = 500;
const ECHO_MS = 500;
const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** They mean nothing here; of its own Node opens a debugger's port for the first, and ends for the second. */
const MEANINGLESS = process.platform === "win32" ? [] : (["SIGUSR1", "SIGUSR2"] as const);

/** Characters of an API_KEY that is not warned of: 20 random ones cannot be tried out. */
const SHORT_KEY = 20;
const GUESSABLE = `API_KEY has less than ${SHORT_KEY} characters, and others than this machine can connect: a short key can be guessed, one call at a time; make one with openssl rand -base64 33`;

const CLEAR_TEXT =
  "keys and lease tokens come in clear text, and others than this machine can connect: set CALL_ME_TLS_CERT and CALL_ME_TLS_KEY or, where a proxy in front speaks TLS, CALL_ME_TLS=off";

/**
 * What Node queues for a peer that does not read, per stream, in bytes. Its own default is four times as much; a stalled watch of small
 * messages then costs over a megabyte, because each of them costs far more in the queue than its bytes.
 */
setDefaultHighWaterMark(false, 16 * 1024);

/** What reads the files that the settings name. */
export interface Readers {
  readonly fleet: FleetReader;
  readonly rules: RulesReader;
}

/** Runs the server until it is told to stop; resolves with an exit code of docs/contract.md. */
export async function main(destination: LogDestination, readers: Readers): Promise<number> {
  try {
    return await serve(readConfig(), destination, readers);
  } catch (error) {
    const code = exitCodeOf(error);
    destination.write(`call-me serve: ${code === EXIT.unforeseen ? (error as Error).stack : (error as Error).message}\n`);
    return code;
  }
}

async function serve(config: Config, destination: LogDestination, readers: Readers): Promise<number> {
  let logged: Promise<ReturnType<typeof logInto>> | undefined;
  // Not before the store begins to open, which takes longer, unless something has to be said before.
  const logging = () => (logged ??= import("./log.ts").then(({ logInto }) => logInto(destination, config.logLevel)));
  // Before the store is opened: what is wrong with the file shall leave nothing open.
  const { rules, notices } = await keepersOf(config, readers.rules, logging);
  const [firstRules, firstNotices] = [await rules?.first(), await notices?.first()];
  const certificates = config.tls && (await (await import("./certificates.ts")).CertificateKeeper.start(config.tls));
  // A thread of its own opens the file; meanwhile this one loads all that a call needs.
  const opening = SqliteMedium.open(config.sqlite, (text) => void logging().then((log) => log.warn({}, text)));
  const [medium, log, { start }] = await Promise.all([opening, logging(), import("./app.ts")]);
  const keeper = config.fleet && new (await import("./fleet.ts")).FleetKeeper(config.fleet, readers.fleet, log);
  const archive = new SqliteArchive(`${config.sqlite}-history`, (text) => log.warn({}, text));
  const configure = keeper && { configure: (apply: ApplyFleet) => keeper.first(apply) };
  const whence = { hostFor: (open: boolean) => hostFor(config, open), tls: certificates?.options };
  const starting = start({ ...config, ...whence, rules: firstRules, notices: firstNotices, medium, archive, log, ...configure }).then(
    (app) => {
      certificates?.follow(app.renewTls, log);
      return app;
    },
  );
  const readAgain = [
    ...(keeper ? [({ apply }: App) => void keeper.again(apply)] : []),
    ...(rules ? [({ govern }: App) => void rules.again(govern)] : []),
    ...(notices ? [({ notify }: App) => void notices.again(notify)] : []),
    ...(certificates ? [() => certificates.again(log)] : []),
  ];
  const again = () => void starting.then((app) => readAgain.forEach((read) => void read(app)), ignored);
  const gone = hungUp(readAgain.length > 0 ? again : undefined, log);
  const app = await starting;
  // Before anybody is told that it is ready, and may stop it.
  const stopped = Promise.race([signalled(), gone]);
  for (const signal of MEANINGLESS)
    process.on(signal, () => log.warn({ signal }, "this signal means nothing here; SIGTERM stops the server"));
  const scheme = config.tls === undefined ? "http" : "https";
  const { open, keys } = app.admission;
  log.info({ url: `${scheme}://${app.host}:${app.port}`, store: config.sqlite, keys }, "call-me is ready");
  if (open) log.warn({}, "no API_KEY or API_KEY_FILE is set, and no key is stored: no key is asked for, and only this machine can connect");
  if ((config.apiKey?.length ?? SHORT_KEY) < SHORT_KEY && !isLoopback(app.host)) log.warn({ host: app.host }, GUESSABLE);
  if (config.tls === undefined && !config.clearText && !isLoopback(app.host)) log.warn({ host: app.host }, CLEAR_TEXT);
  const ending = await Promise.race([stopped, app.broken]);
  if (typeof ending !== "string") {
    log.error({ err: ending }, "the outcome of a commit is unknown; stopping, so that the next start can find out");
    await Promise.race([app.stop(LAST_WORDS_MS), pause(LAST_WORDS_MS)]);
    // Whatever still hangs on the broken store must not keep the process.
    process.exit(EXIT.diskFailed);
  }
  log.info({ signal: ending }, "stopping; leases and places in line stay");
  return await drained(app);
}

/** The files of rules that are set. */
async function keepersOf({ access, notices, secrets }: Config, read: RulesReader, logging: () => Promise<ReturnType<typeof logInto>>) {
  if (access === undefined && notices === undefined) return {};
  const [log, { RulesKeeper }] = [await logging(), await import("./rules.ts")];
  const { rulesIn } = await import("./access/rules.ts");
  const { noticesIn } = await import("./notices/rules.ts");
  const applied = {
    access: "who is let in is as the file of access rules says",
    notices: "who is told of what is as the file of notices says",
  };
  const noticesOf = (file: string, root: Parameters<typeof noticesIn>[1]) => ({ rules: noticesIn(file, root, secrets), warnings: [] });
  return {
    rules:
      access === undefined
        ? undefined
        : new RulesKeeper({ setting: "CALL_ME_ACCESS", file: access, rulesIn, applied: applied.access }, read, log),
    notices:
      notices === undefined
        ? undefined
        : new RulesKeeper({ setting: "CALL_ME_NOTICES", file: notices, rulesIn: noticesOf, applied: applied.notices }, read, log),
  };
}

/**
 * Drains, and resolves with 0. A second signal ends the process at once, unless it comes within ECHO_MS: terminals and launchers deliver
 * one signal twice.
 */
async function drained(app: App): Promise<number> {
  const since = performance.now();
  const impatient = () => performance.now() - since > ECHO_MS && process.exit(1);
  for (const signal of SIGNALS) process.on(signal, impatient);
  await app.stop(GRACE_MS);
  return EXIT.done;
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, resolve);
  });
}

/** In place of what is told elsewhere. */
function ignored(): void {}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
