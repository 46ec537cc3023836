import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { complete } from "../state/rows.ts";
import { order, shown, sortBy, standing } from "./choice.ts";
import type { Column } from "./columns.tsx";
import { Controls } from "./controls.tsx";
import { Row } from "./row.tsx";
import { useWindow } from "./window.ts";

/** All environments that the caller may see, a row each. Only the rows that can be seen stand in the document. */
export function Table() {
  const body = useRef<HTMLTableSectionElement>(null);
  const { names } = shown.value;
  const all = standing.value.reduce((sum, { width }) => sum + width, 0);
  const { first, last, height } = useWindow(body, names.length);
  return (
    <main>
      <h1 class="unseen">Environments</h1>
      <Controls />
      <table class="fleet" aria-rowcount={names.length + 1} onKeyDown={walk}>
        <caption class="unseen">Environments, who has them, and who is next</caption>
        <colgroup>
          {standing.value.map(({ id, width }) => (
            <col key={id} style={{ width: `${(100 * width) / all}%` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {standing.value.map((column) => (
              <Heading key={column.id} column={column} />
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          <Space rows={first} height={height} />
          {names.slice(first, last).map((name, index) => (
            <Row key={name} name={name} index={first + index + 2} />
          ))}
          <Space rows={names.length - last} height={height} />
        </tbody>
      </table>
      {names.length === 0 ? <Nothing /> : null}
    </main>
  );
}

function Heading({ column }: { readonly column: Column }) {
  const { by, backwards } = order.value;
  const sorted = by === column.id ? (backwards ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" aria-sort={sorted} class={column.id}>
      <button type="button" onClick={() => sortBy(column)}>
        {column.title}
        <span aria-hidden="true" class="arrow">
          {sorted === undefined ? "" : backwards ? "▾" : "▴"}
        </span>
      </button>
    </th>
  );
}

/** The rows that cannot be seen. */
function Space({ rows, height }: { readonly rows: number; readonly height: number }) {
  if (rows <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it can have the focus
    <tr aria-hidden="true" class="space">
      <td colSpan={standing.value.length} style={{ height: `${rows * height}px` }} />
    </tr>
  );
}

function Nothing() {
  const late = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      late.value = true;
    }, 300);
    return () => clearTimeout(timer);
  }, []);
  if (!complete.value) return late.value ? <p class="nothing">Reading the environments…</p> : null;
  return (
    <p class="nothing">
      {shown.value.of === 0
        ? "There is no environment yet, or none that you may see. The first Acquire of a name makes one; `call-me env apply` configures them."
        : "No environment fits all that is chosen above."}
    </p>
  );
}

/** The arrow keys go from environment to environment. */
function walk(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || !(event.target instanceof Element)) return;
  let row = event.target.closest("tr");
  do row = (step > 0 ? row?.nextElementSibling : row?.previousElementSibling) as HTMLTableRowElement | null;
  while (row?.classList.contains("space"));
  const name = row?.querySelector<HTMLElement>("a.name");
  if (name === null || name === undefined) return;
  event.preventDefault();
  name.focus();
  name.scrollIntoView({ block: "nearest" });
}
