import type { Row } from "./row.ts";

/** What a holder is made of; the rest of the table is for the command line. */
const FACTS = ["url", "repository", "number", "ref", "sha", "job", "actor"];

/** The class CiSystems of the Java client. */
export function javaOf(source: string, rows: readonly Row[]): string {
  return `package dev.callme.client;

import java.util.List;
import java.util.Map;

/** What CI systems tell of a run. Made from ${source} by npm run generate. */
final class CiSystems {
  private CiSystems() {}

  /** In the order in which they are looked for. */
  static final List<CiSystem> ALL =
      List.of(
${rows.map(system).join(",\n")});
}
`;
}

function system(row: Row): string {
  const facts = FACTS.filter((fact) => row[fact] !== undefined).map(
    (fact) => `                  ${quoted(fact)}, ${list(row[fact] ?? [])}`,
  );
  return `          new CiSystem(
              ${list(row.marks)},
              Map.of(
${facts.join(",\n")}))`;
}

function list(texts: string | readonly string[]): string {
  return `List.of(${[texts].flat().map(quoted).join(", ")})`;
}

/** JSON's strings are Java's, where nothing but ASCII is in them. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
