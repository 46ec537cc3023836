import { Failure } from "../exit.ts";

/** Environments to look at. */
export type Target = { readonly environment: string } | { readonly pool: string; readonly selector: string };

/** What a command says of them. */
interface Named {
  readonly environment: string | undefined;
  readonly pool: string | undefined;
  readonly selector: string | undefined;
}

/** What a check or watch looks at: an environment, or a pool, or what a selector matches in one. A usage Failure if it is none, or two, of these. */
export function target({ environment, pool, selector }: Named): Target {
  const [option, value] = pool === undefined ? ["--selector", selector] : ["--pool", pool];
  if (environment !== undefined && value !== undefined)
    throw Failure.usage(`give either ENV or ${option}, not both (${environment}, ${value})`);
  if (environment !== undefined) return { environment };
  if (value !== undefined) return { pool: pool ?? "", selector: selector ?? "" };
  throw Failure.usage("name an environment, or a pool with --pool, or labels with --selector");
}
