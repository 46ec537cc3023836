import { nearest } from "./help/suggestion.ts";
import type { Variables } from "./settings.ts";

/** What begins with CALL_ME_ and means something to the command line, the server or the files in integrations/ and docs/ci. */
const KNOWN: ReadonlySet<string> = new Set(
  [
    // Of every client; the second line is what exec gives to its command.
    ["URL", "API_KEY", "CA", "CLIENT_CERT", "CLIENT_KEY", "ID_TOKEN", "ID_TOKEN_FILE", "ID_TOKEN_SOURCE", "AUDIENCE", "INSECURE"],
    ["LEASE_ID", "LEASE_TOKEN", "ENVIRONMENT", "SLOTS", "FENCING_TOKEN", "REQUEST_ID", "EXEC", "LAUNCHER"],
    // Who asks.
    ["HOLDER", "RUN_URL", "REPOSITORY", "REF", "SHA", "JOB", "ACTOR", "RUN_NUMBER", "LEG"],
    // Of the server.
    [
      "STORE",
      "BIND",
      "CONFIG",
      "CONFIG_PRUNE",
      "ACCESS",
      "NOTICES",
      "AUTO_CREATE",
      "LEGACY_TTL",
      "CORS_ORIGINS",
      "DIRECT",
      "TLS",
      "TLS_CERT",
      "TLS_MIN",
      "TLS_CLIENT",
      "TLS_CLIENT_CA",
      "TLS_KEY",
      "TRUSTED_PROXIES",
      "LOG_LEVEL",
      "METRICS",
      "METRICS_ENVIRONMENTS",
      "HISTORY_DAYS",
      "HISTORY_EVENTS",
    ],
    // Of integrations/ and docs/ci.
    ["PACKAGE", "SELECTOR", "TTL", "WAIT", "SCRIPT", "LINES"],
  ]
    .flat()
    .map((name) => `CALL_ME_${name}`),
);

/** Names that are anybody's: variables and secrets, and what Kubernetes sets for a Service that is called call-me…. */
const FAMILIES = /^CALL_ME_(VAR_|SECRET_|(.+_)?SERVICE_(HOST|PORT)|(.+_)?PORT(_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?)?$)/;

/** Keys may end with a line break, as files and CI systems like to have it. */
const KEYS = ["CALL_ME_API_KEY", "CALL_ME_LEASE_TOKEN", "CALL_ME_ID_TOKEN"];
/** Scripts, of any number of lines. */
const TEXTS = ["CALL_ME_SCRIPT", "CALL_ME_LINES"];

/** What is odd about the variables that begin with CALL_ME_: a sentence for each that nobody knows, or that has a control character in it. */
export function oddities(env: Variables): string[] {
  return Object.entries(env)
    .filter(([name]) => name.startsWith("CALL_ME_") && !FAMILIES.test(name) && !TEXTS.includes(name))
    .flatMap(([name, value = ""]) => {
      if (!KNOWN.has(name)) {
        const near = nearest(name, [...KNOWN]);
        const hint = near === undefined ? "docs/cli.md and docs/operating.md tell which there are" : `did you mean ${near}?`;
        return `${name} is no setting of call-me; ${hint}`;
      }
      const text = KEYS.includes(name) ? value.trim() : value;
      return /\p{Cc}/u.test(text) ? `${name} has a control character in it: ${JSON.stringify(text)}` : [];
    });
}
