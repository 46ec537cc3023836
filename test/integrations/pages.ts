// The files in docs/ci: every fenced block whose first line is a comment with the file's name stands for a whole file.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";

/** A complete file on one of the pages. */
export interface File {
  /** github, gitlab, … */
  readonly page: string;
  readonly language: string;
  /** Where it belongs, such as .gitlab-ci.yml. */
  readonly name: string;
  /** Which of its page's files this is, from 0. */
  readonly at: number;
  readonly text: string;
}

const FOLDER = path.resolve("docs/ci");
const BLOCK = /^```(yaml|groovy|kotlin)\n(?:#|\/\/) (\S+)\n([\s\S]*?)^```$/gm;

/** All files of all pages. */
export function files(): File[] {
  const pages = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
  return pages.flatMap((name) =>
    [...readFileSync(path.join(FOLDER, name), "utf8").matchAll(BLOCK)].map(([, language = "", file = "", text = ""], at) => ({
      page: name.replace(".md", ""),
      language,
      name: file,
      at,
      text,
    })),
  );
}

/** How many fenced blocks in one of the pages' languages there are at all. */
export function blocks(): number {
  const pages = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
  return pages.flatMap((name) => readFileSync(path.join(FOLDER, name), "utf8").match(/^```(yaml|groovy|kotlin)$/gm) ?? []).length;
}

/** The documents in a YAML file; throws at the first thing in it that is wrong, doubled keys included. */
export function parse(text: string): unknown[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw error;
    return document.toJS();
  });
}
