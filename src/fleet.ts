/** The fleet as a file: applied at the start and at every SIGHUP. Reading it is the command line's doing, which knows files like it. */
import { fromBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import {
  type ApplyEnvironmentsRequest,
  ApplyEnvironmentsRequestSchema,
  type ApplyEnvironmentsResponse,
  ChangeKind,
} from "../gen/ts/callme/v1/environment_service_pb.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/ts/google/rpc/error_details_pb.ts";
import { BadSetting, type FleetSetting } from "./config.ts";
import { reasonOf } from "./rpc/errors.ts";
import { type FromEnv, whyLacking } from "./rpc/methods/variables.ts";
import { StoreFailure } from "./store/store.ts";

/** What is wrong with a file: the field as ApplyEnvironments names it, and the environment that it is about. */
export interface Fault {
  readonly field: string;
  readonly environment: string | undefined;
  readonly message: string;
}

/** A file as it was read, until `close`. */
export interface FleetFile {
  /** An ApplyEnvironmentsRequest, binary. */
  readonly request: Uint8Array;
  /** Keys that say nothing that can be applied. */
  readonly leftOut: readonly string[];
  /** The fault with file and line. */
  explain(fault: Fault): Promise<string>;
  close(): Promise<void>;
}

/** Reads a file; rejects with an Error that names file, line and field. */
export type FleetReader = (file: string) => Promise<FleetFile>;

/**
 * ApplyEnvironments, by the server itself. A variable that the server has no value for is applied, too, and told to `lacking`. Rejects with a
 * ConnectError, or a StoreFailure.
 */
export type ApplyFleet = (
  request: ApplyEnvironmentsRequest,
  lacking: FromEnv,
) => Promise<Pick<ApplyEnvironmentsResponse, "changes" | "pools">>;

interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** How many names a line of the log has. */
const NAMED = 20;
/** Changes by the word that the log has for them. */
const KINDS = { created: ChangeKind.CREATED, changed: ChangeKind.UPDATED, deleted: ChangeKind.DELETED } as const;

/** Keeps the server's environments and pools as a file says. */
export class FleetKeeper {
  readonly #setting: FleetSetting;
  readonly #read: FleetReader;
  readonly #log: Log;
  #busy = false;
  /** The file may have changed since it was read. */
  #stale = false;

  constructor(setting: FleetSetting, read: FleetReader, log: Log) {
    this.#setting = setting;
    this.#read = read;
    this.#log = log;
  }

  /**
   * Applies the file at the start. Rejects with a BadSetting that says what is wrong with it. What is no fault of the file, a full disk or a
   * damaged pool, stops no start: it is logged.
   */
  async first(apply: ApplyFleet): Promise<void> {
    try {
      await this.#run(apply);
    } catch (error) {
      if (error instanceof BadSetting) throw new BadSetting(`CALL_ME_CONFIG: ${error.message}`, { cause: error.cause });
      if (error instanceof StoreFailure && error.reason !== "STORAGE_FULL") throw error;
      this.#complain(error as Error);
    }
  }

  /** Applies the file as it is now. What is wrong with it is logged, and nothing is changed. Once more if it is called meanwhile. */
  async again(apply: ApplyFleet): Promise<void> {
    this.#stale = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#stale) {
      this.#stale = false;
      await this.#run(apply).catch((error: Error) => this.#complain(error));
    }
    this.#busy = false;
  }

  #complain({ message }: Error): void {
    const { file } = this.#setting;
    this.#log.error({ file, why: message }, `${file} was not applied, nothing of it: ${message}; SIGHUP tries again`);
  }

  async #run(apply: ApplyFleet): Promise<void> {
    const { file, prune } = this.#setting;
    const read = await this.#read(file).catch(bad);
    try {
      if (read.leftOut.length > 0) this.#log.warn({ file, keys: read.leftOut }, "left out what only the server sets");
      const request = fromBinary(ApplyEnvironmentsRequestSchema, read.request);
      const lacks = new Map<string, string>();
      const lacking: FromEnv = (field, fromEnv) => lacks.set(field, `${field}: ${whyLacking(fromEnv)}`);
      await this.#apply((asked) => apply(asked, lacking), { ...request, prune });
      await this.#tellLacking(read, lacks);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      bad(new Error(await read.explain(faultOf(error)), { cause: error }));
    } finally {
      await read.close();
    }
  }

  /** Who is at work on something that the file does not name any more keeps it, and must keep neither the rest nor a start. */
  async #apply(apply: (request: ApplyEnvironmentsRequest) => ReturnType<ApplyFleet>, request: ApplyEnvironmentsRequest): Promise<void> {
    try {
      this.#tell(await apply(request), "the server is as its configuration file says");
    } catch (error) {
      if (!request.prune || reasonOf(error) !== "ENVIRONMENT_IN_USE") throw error;
      const answer = await apply({ ...request, prune: false });
      const { message } = faultOf(error as ConnectError);
      this.#log.warn({ file: this.#setting.file }, `nothing was deleted that the file does not name: ${message}; SIGHUP tries again`);
      this.#tell(answer, "what the configuration file names is as it says");
    }
  }

  /** What nobody can use yet keeps nobody from the rest; lacks are messages by their field. */
  async #tellLacking(read: FleetFile, lacks: ReadonlyMap<string, string>): Promise<void> {
    const { file } = this.#setting;
    for (const [field, message] of [...lacks].slice(0, NAMED))
      this.#log.warn({ file }, await read.explain({ field, environment: undefined, message }));
    if (lacks.size > NAMED) this.#log.warn({ file }, `${lacks.size - NAMED} more variables of ${file} are not set`);
  }

  #tell({ changes, pools }: Awaited<ReturnType<ApplyFleet>>, said: string): void {
    const all = [...pools.map(({ kind, name }) => ({ kind, name: `pool ${name}` })), ...changes];
    const facts = Object.entries(KINDS).flatMap(([word, kind]): [string, unknown][] => {
      const names = all.flatMap((change) => (change.kind === kind ? [change.name] : []));
      return names.length === 0
        ? []
        : [[word, names.length > NAMED ? [...names.slice(0, NAMED), `and ${names.length - NAMED} more`] : names]];
    });
    this.#log.info({ file: this.#setting.file, ...Object.fromEntries(facts) }, said);
  }
}

/** Throws what is wrong with the file. */
function bad(cause: Error): never {
  throw new BadSetting(cause.message, { cause });
}

function faultOf(error: ConnectError): Fault {
  const [violation] = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  const [info] = error.findDetails(ErrorInfoSchema);
  return { field: violation?.field ?? "", environment: info?.metadata["environment"], message: error.rawMessage };
}
