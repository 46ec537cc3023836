/** Every link from a page of this repository to another one leads somewhere. */
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { program, root } from "../../scripts/tools.ts";

const pages = program("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"]).output.split("\n");

/** A page without its code, in which brackets are no links. */
function prose(file: string): string {
  return readFileSync(file, "utf8")
    .replace(/^```.*?^```/gms, "")
    .replace(/`[^`\n]*`/g, "code");
}

/** What a heading is called in an address, as GitHub makes it. */
function anchorOf(heading: string): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  return words
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function anchors(file: string): string[] {
  const text = readFileSync(file, "utf8").replace(/^```.*?^```/gms, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

/** Why a link of a page leads nowhere; undefined if it leads somewhere, or out of the repository. */
function broken(page: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
  if (!existsSync(target)) return `${page}: ${link}: there is no such file`;
  if (anchor === undefined) return undefined;
  const found = !statSync(target).isDirectory() && anchors(target).includes(anchor);
  return found ? undefined : `${page}: ${link}: there is no such heading`;
}

test("links between pages lead to files and headings that are there", () => {
  expect(pages).toContain("README.md");
  const links = pages.flatMap((page) =>
    [...prose(path.join(root, page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => ({ page, link })),
  );
  expect(links.length).toBeGreaterThan(50);
  expect(links.flatMap(({ page, link }) => broken(page, link) ?? [])).toEqual([]);
});

test("the README leads to every page of the docs", () => {
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  const told = [...readme.matchAll(/\]\((docs\/[^)#]+)/g)].map(([, link = ""]) => link);
  const own = pages.filter((page) => path.dirname(page) === "docs");
  expect(own.filter((page) => !told.includes(page))).toEqual([]);
});
