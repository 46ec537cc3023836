import { Code, ConnectError } from "@connectrpc/connect";
import { TokenError } from "../../clients/ts/src/token/error.ts";
import { PrincipalKind, type WhoAmIResponse } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { orToken } from "../explain.ts";
import { distance } from "../words/clock.ts";
import { spell } from "../words/duration.ts";
import { allowed, selfOf } from "../words/keys.ts";
import { type Check, type Finding, fail, ok, type Patient, rootOf, skip, warn } from "./finding.ts";

/** The first message of a watch is sent at once; whoever gets it later has a proxy that collects, in ms. */
const PROMPT = 5_000;
/** Heartbeats come every 15 s; a longer silence means that they are held back, in ms. */
const SILENCE = 20_000;

const UNBUFFER = "let the proxy pass on what it gets at once (nginx: proxy_buffering off; Cloudflare and others: no response buffering)";

/** Whether the key, or the CI job's token, opens the server, whom that makes us, and what we may do. */
export const key: Check = async ({ access, patience, tls, tokens, advice }) => {
  try {
    return judged(await access.whoAmI({}, { timeoutMs: patience }), tokens);
  } catch (error) {
    if (error instanceof TokenError) return fail(error.what, error.remedy);
    const { code, rawMessage } = ConnectError.from(error);
    if (code === Code.Unimplemented) return warn("the server is too old to say who we are", "let its operator renew it");
    if (code === Code.Unauthenticated)
      return fail(`not accepted: ${rawMessage}`, `set CALL_ME_API_KEY, or give --key-file${orToken(advice)}${orCertificate(tls)}`);
    return fail(rawMessage, "the server answers, but not to this: see its log");
  }
};

/** Whoever shows a certificate may have none that the server knows; its key, if there is one, comes first. */
function orCertificate({ cert }: Patient["tls"]): string {
  return cert === undefined ? "" : `; without a key, the server's log says what is wrong with the certificate ${cert}`;
}

/** A key that ends sooner is worth a word, in ms. */
const SOON = 7 * 86_400_000;

function judged(self: WhoAmIResponse, tokens: Patient["tokens"]): Finding {
  const source = tokens && `; the job shows its token of ${tokens.source.name}, for audience ${JSON.stringify(tokens.audience)}`;
  const may = allowed(self).join(", ").replaceAll(", may ", ", ");
  const told = `${selfOf(self)}${source ?? ""}; ${may}`;
  if (self.grants.length === 0 && self.kind !== PrincipalKind.LEASE_TOKEN)
    return warn(told, "ask whoever administrates the server for a grant, such as --role use --on 'team-a/*'");
  const left = self.expiresAt === undefined ? Number.POSITIVE_INFINITY : distance(self.expiresAt);
  if (self.kind === PrincipalKind.KEY && left < SOON)
    return warn(`${told}; it expires in ${spell(left)}`, "ask whoever administrates the server for a new key: call-me keys create");
  return ok(told);
}

/** Whether a stream's messages arrive when they are sent. */
export const stream: Check = async (patient) => {
  const start = performance.now();
  const bound = Math.min(PROMPT, patient.patience);
  const seen = await listen(patient, bound, bound, 1);
  if ("finding" in seen) return seen.finding;
  const took = `${Math.round(performance.now() - start)} ms`;
  if (seen.messages > 0) return ok(`the first message of a watch came after ${took}`);
  return fail(`no message of a watch came within ${bound / 1000} s${seen.why}`, UNBUFFER);
};

/** Whether a call may last for `length` ms. */
export function lasting(length: number): Check {
  return async (patient) => {
    const seen = await listen(patient, length, SILENCE, Infinity);
    if ("finding" in seen) return seen.finding;
    const lasted = `${Math.round(seen.lasted / 1000)} s`;
    if (seen.lasted >= length) return ok(`a watch lasted ${lasted}, with ${seen.messages} messages`);
    if (seen.silent) return fail(`a watch was silent for ${SILENCE / 1000} s, though heartbeats are sent every 15 s`, UNBUFFER);
    return fail(
      `a watch was cut after ${lasted}${seen.why}`,
      "something on the way ends long calls: raise its timeout above 60 s (nginx: proxy_read_timeout, HAProxy: timeout server/tunnel)",
    );
  };
}

/** What became of a watch: how long it lasted and how many messages came. */
interface Seen {
  readonly messages: number;
  readonly lasted: number;
  readonly silent: boolean;
  /** ": …" if it broke. */
  readonly why: string;
}

/** Watches for `length` ms, until `silence` ms pass without a message, or `enough` messages came. */
async function listen(patient: Patient, length: number, silence: number, enough: number): Promise<Seen | { finding: Finding }> {
  const start = performance.now();
  const [over, silent] = [AbortSignal.timeout(length), new AbortController()];
  const timer = setTimeout(() => silent.abort(), silence);
  let messages = 0;
  let why = "";
  try {
    const environment = await anyEnvironment(patient);
    const signal = AbortSignal.any([over, silent.signal, patient.interruption]);
    for await (const _ of patient.locks.watchEnvironment({ environment }, { signal })) {
      timer.refresh();
      if (++messages >= enough) break;
    }
  } catch (error) {
    patient.interruption.throwIfAborted();
    if (ConnectError.from(error).code === Code.PermissionDenied) return { finding: skip("we may see no environment to watch") };
    if (ConnectError.from(error).code === Code.NotFound)
      return { finding: warn("there is no environment to watch", "create one with call-me env apply, and ask again") };
    if (!over.aborted && !silent.signal.aborted) why = `: ${rootOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
  // A timer may fire a little before its time by this clock.
  const lasted = over.aborted ? length : performance.now() - start;
  return { messages, lasted, silent: silent.signal.aborted, why };
}

/** One that exists, or else a name: to watch it creates nothing. */
async function anyEnvironment({ environments, patience }: Patient): Promise<string> {
  try {
    const { environments: found } = await environments.listEnvironments({ pageSize: 1 }, { timeoutMs: patience });
    return found[0]?.name ?? "call-me-doctor";
  } catch {
    return "call-me-doctor";
  }
}
