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
  /** It does without a key: the CI system signs a token for the job. */
  readonly keyless: boolean;
}

/** What the server's operator needs beside such a file. */
const RULES = "access.yaml";
/** The section of a page that is about that. */
const KEYLESS = "## Without a key";

const FOLDER = path.resolve("docs/ci");
const BLOCK = /^```(yaml|groovy|kotlin)\n(?:#|\/\/) (\S+)\n([\s\S]*?)^```$/gm;

/** All files of all pages, for their CI systems. */
export function files(): File[] {
  return all().filter(({ name }) => name !== RULES);
}

/** By page, the file of access rules that stands on it. */
export function accessRules(): ReadonlyMap<string, string> {
  return new Map(
    all()
      .filter(({ name }) => name === RULES)
      .map(({ page, text }) => [page, text]),
  );
}

function all(): File[] {
  const pages = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
  return pages.flatMap((name) => {
    const page = readFileSync(path.join(FOLDER, name), "utf8");
    return [...page.matchAll(BLOCK)].map(({ index, 1: language = "", 2: file = "", 3: text = "" }, at) => {
      const section = page
        .slice(0, index)
        .match(/^## .*$/gm)
        ?.at(-1);
      return { page: name.replace(".md", ""), language, name: file, at, text, keyless: section === KEYLESS };
    });
  });
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
