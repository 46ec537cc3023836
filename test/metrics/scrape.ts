// What a monitoring system reads of a server, as values.
import type { Views } from "../../src/engine/views.ts";
import type { Sources } from "../../src/metrics/metrics.ts";
import type { Address } from "../outside/clients.ts";

/** One value of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape, read strictly: what is no line of the format, or stands twice, or apart from its kind, is an error. */
export class Scrape {
  readonly samples: readonly Sample[];
  /** What each metric is, by its name. */
  readonly types: ReadonlyMap<string, string>;
  readonly text: string;

  constructor(text: string) {
    const samples: Sample[] = [];
    const types = new Map<string, string>();
    const seen = new Set<string>();
    let current = "";
    for (const line of text.split("\n")) {
      const [, name = "", type = ""] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (types.has(name)) throw new Error(`${name} is declared twice`);
      if (name !== "") types.set(name, type);
      if (name !== "") current = name;
      if (line === "" || line.startsWith("#")) continue;
      const sample = sampleOf(line);
      const key = JSON.stringify([sample.name, sample.labels]);
      if (seen.has(key)) throw new Error(`this stands twice: ${line}`);
      if (sample.name.replace(/_(bucket|sum|count)$/, "") !== current && sample.name !== current)
        throw new Error(`this stands among ${current}: ${line}`);
      seen.add(key);
      samples.push(sample);
    }
    this.samples = samples;
    this.types = types;
    this.text = text;
  }

  /** The names of all series. */
  get names(): ReadonlySet<string> {
    return new Set(this.samples.map(({ name }) => name));
  }

  /** The samples of a name that have these labels, among others. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    return this.samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** The one value of a name that has these labels; undefined if there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.all(name, labels);
    if (found.length > 1) throw new Error(`${name} has several with ${JSON.stringify(labels)}: ${JSON.stringify(found)}`);
    return found[0]?.value;
  }
}

/** Scrapes a server; throws where it does not answer as it should. */
export async function scrape({ url, key }: Address): Promise<Scrape> {
  const answer = await fetch(`${url}/metrics`, { headers: key === "" ? {} : { "x-api-key": key } });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`/metrics answers ${answer.status}: ${text}`);
  if (!answer.headers.get("content-type")?.startsWith("text/plain; version=0.0.4")) throw new Error("no text format of Prometheus");
  return new Scrape(text);
}

/** What metrics read of an engine that is well and has no notices. */
export function sourcesOf(views: Views): Sources {
  return { views, ready: () => true, notices: () => Promise.resolve({ backlogs: [], dead: 0 }), historyBehind: () => 0 };
}

const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\["\\n])*)"(,|$)/y;

function sampleOf(line: string): Sample {
  const [, name = "", , inside = "", number = ""] = /^([A-Za-z_:][\w:]*)(\{(.*)\})? (\S+)$/s.exec(line) ?? [];
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
  if (name === "" || number === "" || (Number.isNaN(value) && number !== "NaN" && number !== "Nan")) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < inside.length; ) {
    const [, label = "", text = ""] = LABEL.exec(inside) ?? [];
    if (label === "") throw new Error(`no labels: ${line}`);
    labels[label] = text.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return { name, labels, value };
}
