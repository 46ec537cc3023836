import { open } from "node:fs/promises";
import type { Variables } from "../ci/systems.ts";
import { askCommand, findCommand } from "./command.ts";
import { askEndpoint } from "./endpoint.ts";
import { TokenError } from "./error.ts";
import { type IdToken, idTokenOf } from "./id-token.ts";

/** Who gives a job its token. */
export interface TokenSource {
  /** As errors name it. */
  readonly name: string;
  /** What to do so that it has a token. */
  readonly remedy: string;
  /** Whether each token is made for us, just now: then its age is known. */
  readonly mints: boolean;
  /** Gets one. Throws a TokenError. */
  fetch(audience: string): Promise<IdToken>;
}

const KINDS = ["auto", "given", "github", "buildkite", "circleci", "off"] as const;
type Kind = (typeof KINDS)[number];

/**
 * The source of tokens of a job with these variables: rule 13 of clients/README.md. Undefined: there is none, or none is wanted. Throws a TypeError
 * that names the setting for one that does not exist.
 */
export function sourceOf(env: Variables): TokenSource | undefined {
  const wanted = (env["CALL_ME_ID_TOKEN_SOURCE"] ?? "").trim() || "auto";
  const kind = KINDS.find((one) => one === wanted);
  if (kind === undefined) throw new TypeError(`CALL_ME_ID_TOKEN_SOURCE ${JSON.stringify(wanted)} is none of ${KINDS.join(", ")}`);
  if (kind === "off") return undefined;
  const found = kind === "auto" ? offered(env) : kind;
  return found && SOURCES[found](env);
}

/** Whether somebody says where tokens come from: then they are shown beside a key, too. */
export function isSourceNamed(env: Variables): boolean {
  return !["", "auto", "off"].includes((env["CALL_ME_ID_TOKEN_SOURCE"] ?? "").trim());
}

/** The first that is there. */
function offered(env: Variables): Exclude<Kind, "auto" | "off"> | undefined {
  if (env["CALL_ME_ID_TOKEN"]?.trim() || env["CALL_ME_ID_TOKEN_FILE"]) return "given";
  if (env["ACTIONS_ID_TOKEN_REQUEST_URL"] && env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) return "github";
  if (env["BUILDKITE"] === "true" && findCommand("buildkite-agent", env) !== undefined) return "buildkite";
  if (env["CIRCLECI"] === "true" && (findCommand("circleci", env) !== undefined || env["CIRCLE_OIDC_TOKEN_V2"])) return "circleci";
  return undefined;
}

const SOURCES: Readonly<Record<Exclude<Kind, "auto" | "off">, (env: Variables) => TokenSource>> = {
  given: (env) => {
    const [token, file = ""] = [env["CALL_ME_ID_TOKEN"]?.trim(), env["CALL_ME_ID_TOKEN_FILE"]];
    if (token || file === "") return givenToken(token ?? "", env["CALL_ME_AUDIENCE"]?.trim());
    return fileToken(file, env["CALL_ME_AUDIENCE"]?.trim());
  },
  github: (env) => {
    const remedy = "Give the job `permissions: id-token: write`";
    return {
      name: "GitHub Actions",
      remedy,
      mints: true,
      fetch: async (audience) => {
        const [url, key] = [env["ACTIONS_ID_TOKEN_REQUEST_URL"], env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]];
        if (!url || !key) throw TokenError.missing(`no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set`, remedy);
        return await askEndpoint({ name: "GitHub Actions", url, key, audience, remedy });
      },
    };
  },
  buildkite: (env) => {
    const remedy = "Run it where the job's agent is (a container needs BUILDKITE_AGENT_ACCESS_TOKEN and the agent's command in it)";
    const more = env["BUILDKITE_OIDC_TOKEN_CLAIMS"]?.trim();
    // Neither is in a token by itself, and all organisations share an issuer.
    const claims = `organization_id,pipeline_id${more ? `,${more}` : ""}`;
    const command = (audience: string) => ["buildkite-agent", "oidc", "request-token", "--audience", audience, "--claim", claims];
    return { name: "Buildkite", remedy, mints: true, fetch: (audience) => askCommand(command(audience), "Buildkite", remedy, env) };
  },
  circleci: (env) => {
    const remedy = "Pass secrets to it if it builds a fork (Project Settings, Advanced), or set CALL_ME_AUDIENCE to your organization's id";
    const command = (audience: string) => ["circleci", "run", "oidc", "get", "--claims", JSON.stringify({ aud: audience })];
    const ask = (audience: string) => askCommand(command(audience), "CircleCI", remedy, env);
    const found = idTokenOf(env["CIRCLE_OIDC_TOKEN_V2"] ?? "");
    // Made before the job began: its end counts, and not its length.
    const given = found && { ...found, life: undefined };
    return {
      name: "CircleCI",
      remedy,
      mints: true,
      // One for another audience could open what that stands for: it is not for this server to see.
      fetch: async (audience) => (given?.audiences.includes(audience) ? await ask(audience).catch(() => given) : await ask(audience)),
    };
  },
};

function givenToken(text: string, audience: string | undefined): TokenSource {
  const [name, remedy] = ["CALL_ME_ID_TOKEN", "Set it to a token of the job (GitLab: id_tokens)"];
  const fetch = async () => {
    const why = text === "" ? "it is not set" : "it is no JSON Web Token";
    return meant(idTokenOf(text), name, audience) ?? raise(`no token from ${name}: ${why}`, remedy);
  };
  return { name, remedy, mints: false, fetch };
}

function fileToken(file: string, audience: string | undefined): TokenSource {
  const [name, remedy] = [`CALL_ME_ID_TOKEN_FILE ${JSON.stringify(file)}`, "Let it hold a token of the job"];
  const fetch = async () => {
    const text = await beginningOf(file).catch((error: NodeJS.ErrnoException) => {
      throw TokenError.outOfReach(`no token from ${name}: it cannot be read (${error.code ?? error.message})`, remedy);
    });
    // Whoever replaces it may be in the midst of that.
    const token = meant(idTokenOf(text), name, audience);
    if (token === undefined) throw TokenError.outOfReach(`no token from ${name}: what it holds is no JSON Web Token`, remedy);
    return token;
  };
  return { name, remedy, mints: false, fetch };
}

/** No more than a token can be long: the name may be that of anything. */
async function beginningOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536));
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A token that somebody gave is for whom they say, unless CALL_ME_AUDIENCE says that they meant another. */
function meant(token: IdToken | undefined, name: string, audience: string | undefined): IdToken | undefined {
  if (token === undefined || !audience || token.audiences.includes(audience)) return token;
  const told = token.audiences.map((one) => JSON.stringify(one)).join(", ") || "nobody";
  return raise(`the token in ${name} is for ${told}, and CALL_ME_AUDIENCE is ${JSON.stringify(audience)}`, "Make them the same");
}

function raise(what: string, remedy: string): never {
  throw TokenError.missing(what, remedy);
}
