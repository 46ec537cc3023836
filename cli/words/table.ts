import { plain } from "./plain.ts";
import { pad, shorten, widthOf, wrap } from "./width.ts";

/** Aligned columns under a heading. */
export interface Table {
  readonly heading: readonly string[];
  readonly rows: readonly Row[];
  /** Which columns may be cut where there is no room; all unless told. */
  readonly cut?: readonly number[];
}

/** A row of a table, and what is said below it. */
export interface Row {
  readonly cells: readonly string[];
  /** Each begins a line of its own; links stay whole, however long. */
  readonly details?: readonly string[];
}

const GAP = "  ";
/** No column is cut to less. */
const LEAST = 10;

/**
 * The lines of a table within so many columns of a terminal. Where it does not fit, the widest of the columns that may be cut get narrower,
 * and what was cut off in a row is written in full below it; where there is no room even so, there are no columns: each cell is named. Nothing
 * in the texts can command a terminal.
 */
export function layOut({ heading, rows, cut = [...heading.keys()] }: Table, width: number): string[] {
  const texts = rows.map(({ cells, details = [] }) => ({ cells: cells.map(plain), details: details.map(plain) }));
  const natural = heading.map((title, column) => {
    return texts.reduce((widest, { cells }) => Math.max(widest, widthOf(cells[column] ?? "")), widthOf(title));
  });
  const room = width - GAP.length * (heading.length - 1);
  const widths = narrow(natural, cut, room);
  const under = (lines: readonly string[]) => lines.flatMap((text) => wrap(text, width - GAP.length)).map((text) => `${GAP}${text}`);
  if (total(widths) > room)
    return texts.flatMap(({ cells, details }) => {
      const [first = "", ...others] = wrap(named(heading, cells), width - GAP.length);
      return [first, ...under([...others, ...details])];
    });
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) => pad(shorten(cell, widths[column] ?? 0), widths[column] ?? 0));
    return padded.join(GAP).trimEnd();
  };
  const written = texts.flatMap(({ cells, details }) => {
    const missed = cells.filter((cell, column) => widthOf(cell) > (widths[column] ?? 0));
    return [line(cells), ...under([...missed, ...details])];
  });
  return [line(heading), ...written];
}

/** The widths of columns that fit into `room` together, if that can be. */
function narrow(natural: readonly number[], cut: readonly number[], room: number): number[] {
  const widths = [...natural];
  const widthAt = (column: number) => widths[column] ?? 0;
  for (let over = total(widths) - room; over > 0; over--) {
    const widest = cut.reduce((a, b) => (widthAt(b) > widthAt(a) ? b : a), cut[0] ?? 0);
    if (widthAt(widest) <= LEAST) break;
    widths[widest] = widthAt(widest) - 1;
  }
  return widths;
}

/** "state busy, environment uat, used 1/1": the cells of a row that say something. */
function named(heading: readonly string[], cells: readonly string[]): string {
  return cells.flatMap((cell, column) => (cell === "" ? [] : [`${heading[column]?.toLowerCase()} ${cell}`])).join(", ");
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}
