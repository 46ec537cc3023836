import { SYSTEMS as TABLE } from "../../../../gen/ts/ci-systems.ts";

/** Variables of a process, as process.env has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * A fact that a CI system tells: the first of these templates whose variables are all set. `${NAME}` is a variable's value, `${NAME:filter}`
 * what a filter makes of it.
 */
export type Fact = readonly string[];

/** A row of clients/ci-systems.json, which clients/README.md describes. */
export interface System {
  readonly name: string;
  /** Set in every job of this system, and in none of another's: NAME, or NAME=value. */
  readonly marks: readonly string[];
  /** Where the run can be looked at: the same for all jobs of one pipeline. */
  readonly url?: Fact;
  readonly jobUrl?: Fact;
  readonly repository?: Fact;
  readonly number?: Fact;
  readonly ref?: Fact;
  readonly sha?: Fact;
  readonly job?: Fact;
  readonly actor?: Fact;
  /** What tells this job from every other one of its run; the job's name where there is nothing better. */
  readonly jobId?: Fact;
  /** Which try of the job this is, where `url` and `jobId` don't tell. */
  readonly attempt?: Fact;
  /** Which leg of a matrix, or which of several parallel copies. */
  readonly leg?: Fact;
  /** No variable tells the legs of a matrix apart: the pipeline must say which one it is. How to say it. */
  readonly legUntold?: string;
  /** How a job is given a token that says which job it is, where it has none by itself: rule 13. */
  readonly token?: string;
}

const SYSTEMS: readonly System[] = TABLE;

/** Empty: it cannot be made, as if the variable were not set. */
const FILTERS: Readonly<Record<string, (value: string) => string>> = {
  base: (value) => value.replace(/\/$/, ""),
  branch: (value) => value.replace(/^refs\/(heads|tags)\//, ""),
  origin: (value) => /^[a-z]+:\/\/[^/]+/.exec(value)?.[0] ?? "",
  uri: (value) =>
    encodeURIComponent(value.toWellFormed()).replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`),
};

/** The system that a job with these variables runs in: by its mark, or where a container was not given that one, by its run's address. */
export function systemOf(env: Variables): System | undefined {
  return SYSTEMS.find(({ marks }) => marks.some((mark) => bears(env, mark))) ?? SYSTEMS.find(({ url }) => read(url, env) !== undefined);
}

/** Reads a fact; an empty variable tells nothing. */
export function read(fact: Fact | undefined, env: Variables): string | undefined {
  return fact?.map((template) => fill(template, env)).find((text) => text !== undefined);
}

function bears(env: Variables, mark: string): boolean {
  const [name = "", value] = mark.split("=");
  return value === undefined ? Boolean(env[name]) : env[name] === value;
}

function fill(template: string, env: Variables): string | undefined {
  let whole = true;
  const text = template.replace(/\$\{(\w+)(?::(\w+))?\}/g, (_, name: string, filter?: string) => {
    const value = (filter && FILTERS[filter]?.(env[name] ?? "")) ?? env[name];
    whole &&= Boolean(value);
    return value ?? "";
  });
  return whole ? text : undefined;
}
