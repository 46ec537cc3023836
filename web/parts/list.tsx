import type { ComponentChildren } from "preact";

/** A column of a list. */
export interface Field<T> {
  /** Stands above it or, on a small screen, before each. */
  readonly title: string;
  readonly cell: (one: T) => ComponentChildren;
  /** How it is shown: as words that may break, as figures, as what is to be done. */
  readonly class?: string | ((one: T) => string);
}

interface Listed<T> {
  readonly of: readonly T[];
  readonly fields: readonly Field<T>[];
  readonly id: (one: T) => string;
  readonly class?: string;
}

/** A table that is read from top to bottom. Its first field names the row. */
export function List<T>({ of, fields, id, class: kind = "" }: Listed<T>) {
  return (
    <table class={`list ${kind}`}>
      <thead>
        <tr>
          {fields.map(({ title }) => (
            <th scope="col" key={title}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {of.map((one) => (
          <tr key={id(one)}>
            {fields.map(({ title, cell, class: shown }) => (
              <td key={title} data-title={title} class={typeof shown === "function" ? shown(one) : shown}>
                {cell(one)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
