import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/** How long a job has the environment, in s: ten of them make two minutes. */
const TURN = 12;

/** What GitLab reads of a line that opens or closes a section, and does not show. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what makes it an order
const SECTION = /\x1b\[0Ksection_\w+:\d+:\w+\r\x1b\[0K/g;

/** Where the server is, what opens it, and how `call-me` is started. */
interface Place {
  readonly url: string;
  readonly key: string;
  readonly program: readonly [string, ...string[]];
}

/** What happens on the environment. */
interface Team {
  /** Resolves when so many jobs have had their turn, or have it. */
  turn(nth: number): Promise<void>;
  /** What the nth job, from 1, has said, as its system shows it. */
  logOf(nth: number): string;
  /** Resolves when all have had their turn. */
  readonly done: Promise<unknown>;
}

/** The variables of one job of each system. */
const SYSTEMS: readonly ((run: number) => Record<string, string>)[] = [
  (run) => ({
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "acme-shop/checkout-service",
    GITHUB_RUN_ID: `${19873645200 + run}`,
    GITHUB_RUN_NUMBER: `${4700 + run}`,
    GITHUB_JOB: "acceptance",
  }),
  (run) => ({
    CI: "true",
    GITLAB_CI: "true",
    CI_PIPELINE_URL: `https://gitlab.example.com/platform/payments/gateway/-/pipelines/${1203300 + run}`,
    CI_PROJECT_PATH: "platform/payments/gateway",
    CI_PIPELINE_IID: `${1200 + run}`,
    CI_JOB_NAME: "e2e",
  }),
  (run) => ({
    JENKINS_URL: "https://jenkins.example.com/",
    BUILD_URL: `https://jenkins.example.com/job/backoffice/job/main/${80 + run}/`,
    JOB_NAME: "backoffice/main",
    BUILD_NUMBER: `${80 + run}`,
    STAGE_NAME: "integration",
  }),
];

/** Ten jobs of three CI systems that all want uat: a job every half second, each for as long as a TURN. */
export function startTeam({ url, key, program: [command, ...args] }: Place): Team {
  const logs: string[] = [];
  const turns = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
  const run = async (nth: number) => {
    await new Promise((resolve) => setTimeout(resolve, nth * 500));
    const variables = SYSTEMS[nth % SYSTEMS.length]?.(nth) ?? {};
    const env = { PATH: process.env["PATH"], CALL_ME_LAUNCHER: "", CALL_ME_URL: url, CALL_ME_API_KEY: key, ...variables };
    const child: ChildProcess = spawn(command, [...args, "exec", "uat", "--", "sleep", `${TURN}`], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    logs[nth] = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      logs[nth] += chunk.toString();
      if (logs[nth]?.includes("is ours")) turns[nth]?.resolve();
    });
    await once(child, "close");
  };
  const done = Promise.all(turns.map((_, nth) => run(nth)));
  return {
    turn: async (nth) => await turns[nth - 1]?.promise,
    logOf: (nth) => (logs[nth - 1] ?? "").replaceAll(SECTION, "").trimEnd(),
    done,
  };
}
