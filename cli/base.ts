import os from "node:os";
import { persist } from "../clients/ts/src/retry.ts";
import { channelOf } from "./ci/log.ts";
import { type Access, connect, type Environments, type Insight, type Locks } from "./client.ts";
import { Command, Option } from "./clipanion.ts";
import type { Context } from "./context.ts";
import { Failure } from "./exit.ts";
import { explain } from "./explain.ts";
import { readSettings, type Settings } from "./settings.ts";
import { oddities } from "./variables.ts";
import { Output } from "./words/output.ts";

/** A command that talks to a server: the options that all share, the connection, and one way from an error to the exit code. */
export abstract class ClientCommand extends Command<Context> {
  url = Option.String("--url", { description: "The server; default: CALL_ME_URL, or http:// and HOST, or http://127.0.0.1:8000" });
  keyFile = Option.String("--key-file", { description: "A file with the API key, - for stdin; default: CALL_ME_API_KEY or API_KEY" });
  json = Option.Boolean("--json", false, { description: "The answer as JSON on stdout" });

  #settings: Settings = { url: "the server", tls: {}, key: undefined };
  #output: Output | undefined;

  /** Does the work and gives the exit code; may throw anything. */
  protected abstract perform(): Promise<number>;

  async execute(): Promise<number> {
    try {
      return await this.perform();
    } catch (error) {
      const signal = this.interruption;
      if (signal.aborted && !(error instanceof Failure)) return 128 + os.constants.signals[signal.reason as NodeJS.Signals];
      const failure = explain(error, this.#settings);
      this.output.word(`${failure.message}`);
      return failure.exitCode;
    }
  }

  protected get output(): Output {
    const { stdout, stderr, env } = this.context;
    this.#output ??= new Output(stdout, stderr, { channel: channelOf(env), attended: !env["CI"] });
    return this.#output;
  }

  protected get interruption(): AbortSignal {
    return this.context.interruption();
  }

  /** The services, and the settings that led to them. */
  protected async connect(): Promise<Settings & { locks: Locks; environments: Environments; insight: Insight; access: Access }> {
    const { env, stdin } = this.context;
    const fetched = (token: string) => this.output.mask(token);
    const settings = await readSettings(env, { url: this.url, keyFile: this.keyFile, stdin, fetched });
    this.#settings = settings;
    for (const oddity of oddities(env)) this.output.word(oddity);
    return { ...settings, ...connect(settings) };
  }

  /** Repeats a call that is safe to repeat while the server is out of reach, up to 10 s. */
  protected persist<T>(call: () => Promise<T>): Promise<T> {
    return persist(call, this.interruption, this.context.pace);
  }
}
