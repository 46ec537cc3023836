import { isMine } from "../state/person.ts";
import { type Known, nameOf, webAddress } from "../words/who.ts";

/** Somebody's name, with the way to their run. */
export function Who({
  one,
  otherwise = "somebody unnamed",
}: {
  readonly one: Known & { readonly leaseId?: string };
  readonly otherwise?: string;
}) {
  const name = nameOf(one, otherwise);
  const run = webAddress(one.holder?.runUrl);
  const label = one.principalLabel ? `${one.principalLabel} (${one.principal})` : (one.principal ?? "");
  const title = [name, one.holder?.repository, one.holder?.ref, label === "" ? "" : `key: ${label}`].filter(Boolean).join("\n");
  return (
    <span class="who" title={title}>
      {run === undefined ? name : <Out to={run}>{name}</Out>}
      {isMine({ principal: one.principal ?? "", holder: one.holder }) ? <span class="mine">mine</span> : null}
    </span>
  );
}

/** A link that leads away from the page. */
export function Out({ to, children }: { readonly to: string; readonly children: string }) {
  return (
    <a href={to} target="_blank" rel="noopener noreferrer" class="out">
      {children}
    </a>
  );
}
