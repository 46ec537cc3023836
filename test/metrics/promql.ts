// What expressions of Prometheus' language name, read by its own grammar.
import { parser } from "@prometheus-io/lezer-promql";

/** A series that an expression reads. */
export interface Named {
  readonly name: string;
  /** The labels that it is chosen by. */
  readonly labels: readonly string[];
}

/** The series that an expression names. Throws where it is no expression; variables of Grafana are taken for what they stand for. */
export function namedIn(text: string): readonly Named[] {
  const expression = text.replaceAll("$__rate_interval", "5m");
  const named: { name: string; labels: string[] }[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`no expression from its character ${from} on: ${expression}`);
      const word = expression.slice(from, to);
      if (type.name === "VectorSelector") named.push({ name: /^[\w:]+/.exec(word)?.[0] ?? "", labels: [] });
      if (type.name === "LabelName") named.at(-1)?.labels.push(word);
    },
  });
  return named;
}
