import { choose } from "../state/route.ts";
import { allRows } from "../state/rows.ts";
import { VERDICTS, verdict } from "../words/state.ts";
import { again, label, onlyMine, order, shown, standing, states, toggle, words } from "./choice.ts";
import { COLUMNS } from "./columns.tsx";

/** What is chosen of the table. */
export function Controls() {
  return (
    <search class="controls">
      <input
        id="find"
        type="search"
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
      </label>
      {label.value === "" ? null : (
        <button type="button" class="label chosen" title="Show those without this label, too" onClick={() => choose({ label: "" })}>
          {label.value} ×
        </button>
      )}
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
  const chosen = new Set(states.value.split(",").filter(Boolean));
  const flip = (state: string) => {
    const next = VERDICTS.filter((one) => chosen.has(one) !== (one === state));
    choose({ state: next.join() });
  };
  return (
    <fieldset class="states">
      <legend class="unseen">States to show</legend>
      {VERDICTS.filter((state) => counts.has(state) || chosen.has(state)).map((state) => (
        <button type="button" key={state} class="state" aria-pressed={chosen.has(state)} onClick={() => flip(state)}>
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
  const { by, backwards } = order.value;
  return (
    <label class="sorting">
      Sort by{" "}
      <select value={by} onChange={({ currentTarget }) => choose({ sort: currentTarget.value })}>
        {COLUMNS.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
            {by === id && backwards ? ", last first" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

function ColumnMenu() {
  return (
    <details class="menu">
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
