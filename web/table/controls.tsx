import { useEffect, useRef } from "preact/hooks";
import { choose } from "../state/route.ts";
import { allRows } from "../state/rows.ts";
import { VERDICTS, type Verdict, verdict } from "../words/state.ts";
import { again, labels, onlyMine, order, shown, sortBy, standing, states, toggle, words } from "./choice.ts";
import { COLUMNS } from "./columns.tsx";
import { Mine } from "./mine.ts";

/** What is chosen of the table. */
export function Controls() {
  const all = useRef<HTMLElement>(null);
  // What is above the rows hides none that is scrolled to.
  useEffect(() => {
    const { current } = all;
    if (current === null) return;
    const observer = new ResizeObserver(() => document.documentElement.style.setProperty("--controls", `${current.offsetHeight}px`));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return (
    <search class="controls" ref={all}>
      <input
        id="find"
        type="search"
        aria-keyshortcuts="Control+K"
        title="Ctrl K"
        placeholder="Find by name, label, holder, reason…"
        aria-label="Find environments"
        value={words.value}
        onInput={({ currentTarget }) => choose({ q: currentTarget.value })}
        onKeyDown={({ key }) => key === "Escape" && choose({ q: "" })}
      />
      <States />
      <label class="tick">
        <input
          type="checkbox"
          checked={onlyMine.value !== ""}
          onChange={({ currentTarget }) => choose({ mine: currentTarget.checked ? "1" : "" })}
        />
        Mine
        {onlyMine.value === "" ? null : <Mine />}
      </label>
      {labels.value.map((label) => (
        <button
          type="button"
          class="label chosen"
          key={label}
          title="Show those without this label, too"
          onClick={() => choose({ label: labels.value.filter((one) => one !== label) })}
        >
          {label} ×
        </button>
      ))}
      <Count />
      <SortMenu />
      <ColumnMenu />
    </search>
  );
}

/** The states that there are, with how many are in each. */
function States() {
  const counts = new Map<string, number>();
  for (const status of allRows()) counts.set(verdict(status), (counts.get(verdict(status)) ?? 0) + 1);
  const isChosen = (state: Verdict) => states.value.includes(state);
  const flip = (state: Verdict) => choose({ state: VERDICTS.filter((one) => isChosen(one) !== (one === state)).join() });
  return (
    <fieldset class="states">
      <legend class="unseen">States to show</legend>
      {VERDICTS.filter((state) => counts.has(state) || isChosen(state)).map((state) => (
        <button type="button" key={state} class="state" aria-pressed={isChosen(state)} onClick={() => flip(state)}>
          {state} <b>{counts.get(state) ?? 0}</b>
        </button>
      ))}
    </fieldset>
  );
}

function Count() {
  const { names, of, stale } = shown.value;
  return (
    <span class="count">
      <output>{names.length === of ? `${of} environments` : `${names.length} of ${of}`}</output>
      {stale ? (
        <button
          type="button"
          onClick={() => {
            again.value += 1;
          }}
        >
          Sort again
        </button>
      ) : null}
    </span>
  );
}

/** Where the screen is too small for headings. */
function SortMenu() {
  const { column, backwards } = order.value;
  return (
    <span class="sorting">
      <label>
        Sort by{" "}
        <select value={column.id} onChange={({ currentTarget }) => sortBy(COLUMNS[currentTarget.selectedIndex] ?? column, false)}>
          {COLUMNS.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>{" "}
      <button type="button" aria-label="The other way round" aria-pressed={backwards} onClick={() => sortBy(column, !backwards)}>
        ▾
      </button>
    </span>
  );
}

/** Closes when somebody clicks elsewhere, or with Escape. */
function ColumnMenu() {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = ({ target, key }: Partial<KeyboardEvent>) => {
      const { current } = menu;
      if (current?.open && (key === undefined ? !current.contains(target as Node) : key === "Escape")) {
        current.open = false;
        if (key !== undefined) current.querySelector("summary")?.focus();
      }
    };
    addEventListener("click", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("click", close);
      removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class="menu" ref={menu}>
      <summary>Columns</summary>
      <div>
        {COLUMNS.slice(1).map((column) => (
          <label class="tick" key={column.id}>
            <input type="checkbox" checked={standing.value.includes(column)} onChange={() => toggle(column)} />
            {column.title}
          </label>
        ))}
      </div>
    </details>
  );
}
