import { signal, useSignal } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { choose } from "../state/route.ts";
import { complete } from "../state/rows.ts";
import { order, shown, sortBy, standing } from "./choice.ts";
import type { Column } from "./columns.tsx";
import { Controls } from "./controls.tsx";
import { Row } from "./row.tsx";
import { useWindow } from "./window.ts";

/** The environment whose row had the focus last: it stays drawn, and is found again by who comes back. */
const focused = signal("");

/** All environments that the caller may see, a row each. Only the rows that can be seen stand in the document. */
export function Table() {
  const body = useRef<HTMLTableSectionElement>(null);
  const { names } = shown.value;
  const all = standing.value.reduce((sum, { width }) => sum + width, 0);
  const { first, last, height } = useWindow(body, names.length);
  const own = focused.value === "" ? -1 : names.indexOf(focused.value);
  const goes = useRef(true);
  useLayoutEffect(() => {
    if (goes.current) goTo(body.current?.querySelector(`tr[aria-rowindex="${own + 2}"]`));
    goes.current = false;
  }, [own]);
  /** The arrow keys go from environment to environment. */
  const walk = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const next = names[own + step];
    if (step === 0 || next === undefined || !body.current?.contains(document.activeElement)) return;
    event.preventDefault();
    goes.current = true;
    focused.value = next;
  };
  const drawn = Array.from({ length: last - first }, (_, index) => first + index);
  if (own >= last) drawn.push(own);
  else if (own >= 0 && own < first) drawn.unshift(own);
  let above = 0;
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
        <tbody
          ref={body}
          onFocusIn={({ target }) => {
            const index = (target as Element).closest("tr")?.getAttribute("aria-rowindex");
            focused.value = names[Number(index) - 2] ?? "";
          }}
        >
          {drawn.map((index) => {
            const [name = "", hidden] = [names[index], index - above];
            above = index + 1;
            return (
              <Fragment key={name}>
                <Space rows={hidden} height={height} />
                <Row name={name} index={index + 2} />
              </Fragment>
            );
          })}
          <Space rows={names.length - above} height={height} />
        </tbody>
      </table>
      {names.length === 0 ? <Nothing /> : null}
    </main>
  );
}

function goTo(row: Element | null | undefined): void {
  row?.querySelector<HTMLElement>("a.name")?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

function Heading({ column }: { readonly column: Column }) {
  const isBy = order.value.column === column;
  const { backwards } = order.value;
  return (
    <th scope="col" aria-sort={isBy ? (backwards ? "descending" : "ascending") : undefined} class={column.id}>
      <button type="button" onClick={() => sortBy(column, isBy && !backwards)}>
        {column.title}
        <span aria-hidden="true" class="arrow">
          {isBy ? (backwards ? "▾" : "▴") : ""}
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
  if (shown.value.of === 0)
    return (
      <p class="nothing">
        There is no environment yet, or none that you may see. The first Acquire of a name makes one; `call-me env apply` configures them.
      </p>
    );
  return (
    <p class="nothing">
      No environment fits all that is chosen above.{" "}
      <button type="button" onClick={() => choose({ q: "", state: "", label: "", mine: "" })}>
        Show all
      </button>
    </p>
  );
}
