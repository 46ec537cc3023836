import type { EndReason } from "../core/model/lease.ts";
import { Counts, type Purpose } from "./counts.ts";

/** What series are of; an empty environment: all those of the pool together that have none of their own. */
export interface Place {
  readonly pool: string;
  readonly environment: string;
}

/** The series of a place: what was counted there, and how much of it a scrape has told. */
export class Series {
  readonly place: Place;
  /** Between the braces of a line. */
  readonly labels: string;
  readonly told = new Counts();
  #news: Counts | undefined;

  constructor(place: Place) {
    this.place = place;
    this.labels = labelled({ ...place });
  }

  /** See Counts. */
  granted(purpose: Purpose, waited: number): void {
    this.#news ??= new Counts();
    this.#news.granted(purpose, waited);
  }

  /** See Counts. */
  ended(reason: EndReason, held: number | undefined): void {
    this.#news ??= new Counts();
    this.#news.ended(reason, held);
  }

  /** Whether anything was counted that no scrape has told. */
  get hasNews(): boolean {
    return this.#news !== undefined;
  }

  /** A scrape is about to tell all of it. */
  tell(): void {
    if (this.#news !== undefined) this.told.add(this.#news);
    this.#news = undefined;
  }

  /** It ends: what no scrape has told is counted there from now on. */
  leave(other: Series): void {
    if (this.#news === undefined) return;
    other.#news ??= new Counts();
    other.#news.add(this.#news);
    this.#news = undefined;
  }
}

function labelled(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([label, text]) => `${label}="${escaped(text)}"`)
    .join(",");
}

/** A name can have any character: of the line it stays one text. */
function escaped(text: string): string {
  return /["\\\n]/.test(text) ? text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"') : text;
}
