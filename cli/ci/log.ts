import type { Variables } from "../settings.ts";
import { plain, plainLine } from "../words/plain.ts";

/** What a CI system's log can do beyond plain lines. The texts given may be anybody's: each is escaped as its system asks. */
export interface Channel {
  /** The lines that open a section, with its title. */
  open(title: string): string;
  /** The line that closes it, and says how it went. */
  close(outcome: string): string;
  /** A line that stands out, in the log or on the run's page. */
  notice(text: string): string;
  /** The line that makes the log hide a secret of one line from now on; empty if this system has none. */
  mask(secret: string): string;
}

/** The channel of the CI system that we run in; undefined if it knows no more than lines. */
export function channelOf(env: Variables): Channel | undefined {
  if (env["GITHUB_ACTIONS"]) return GITHUB;
  if (env["GITLAB_CI"]) return GITLAB;
  if (env["TF_BUILD"] || env["BUILD_BUILDURI"]) return AZURE;
  if (env["BUILDKITE"]) return BUILDKITE;
  if (env["TEAMCITY_VERSION"]) return TEAMCITY;
  return undefined;
}

export const GITHUB = {
  open: (title) => `::group::${percent(title)}`,
  close: (outcome) => `::endgroup::\n${plainLine(outcome)}`,
  notice: (text) => `::notice title=call-me::${percent(text)}`,
  mask: (secret) => `::add-mask::${secret.replaceAll("%", "%25")}`,
  error: (text) => `::error title=call-me::${percent(text)}`,
} satisfies Channel & { error: (text: string) => string };

const GITLAB: Channel = {
  open: (title) => `\x1b[0Ksection_start:${seconds()}:call_me_wait\r\x1b[0K${plain(title)}`,
  close: (outcome) => `\x1b[0Ksection_end:${seconds()}:call_me_wait\r\x1b[0K${plain(outcome)}`,
  notice: (text) => plainLine(`call-me: ${text}`),
  mask: () => "",
};

const AZURE: Channel = {
  open: (title) => `##[group]${plain(title)}`,
  close: (outcome) => `##[endgroup]\n${plainLine(outcome)}`,
  notice: (text) => `##[section]call-me: ${plain(text)}`,
  mask: (secret) => `##vso[task.setsecret]${secret.replaceAll("%", "%25")}`,
};

/** A section ends where the next one begins: what follows the waiting is the job's own output, so it is shown open. */
const BUILDKITE: Channel = {
  open: (title) => `--- ${plain(title)}`,
  close: (outcome) => `+++ ${plain(outcome)}`,
  notice: (text) => plainLine(`call-me: ${text}`),
  mask: () => "",
};

const TEAMCITY: Channel = {
  open: (title) => `##teamcity[blockOpened name='call-me' description='${bars(title)}']`,
  close: (outcome) => `##teamcity[blockClosed name='call-me']\n${plainLine(outcome)}`,
  notice: (text) => `##teamcity[message text='call-me: ${bars(text)}' status='NORMAL']`,
  mask: () => "",
};

/** GitHub's and Azure's way to keep data inside an order. `plain` first: once unescaped, the text is shown in the log as well. */
function percent(text: string): string {
  return plain(text).replaceAll("%", "%25");
}

/** TeamCity's: a bar before what has a meaning, and other alphabets by number. */
function bars(text: string): string {
  return plain(text)
    .replace(/[|'[\]]/g, "|$&")
    .replace(/[^\x20-\x7e]/g, (found) => `|0x${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
