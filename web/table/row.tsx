import { statusOf } from "../state/rows.ts";
import { standing } from "./choice.ts";

/** An environment's row. It alone is drawn anew when the environment changes. */
export function Row({ name, index }: { readonly name: string; readonly index: number }) {
  const status = statusOf(name);
  if (status === undefined) return null;
  return (
    <tr aria-rowindex={index}>
      {standing.value.map(({ id, title, cell }) => (
        <td key={id} class={id} data-title={title}>
          {cell(status)}
        </td>
      ))}
    </tr>
  );
}
