/** One version and one licence in every language: a release changes them all, or none. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/tools.ts";

/** How a manifest of each kind says its version and its licence. */
const KINDS: { name: RegExp; version: RegExp; license: RegExp; without?: RegExp }[] = [
  { name: /^package\.json$/, version: /^ {2}"version": "(.+?)"/m, license: /^ {2}"license": "(.+?)"/m },
  { name: /^(pyproject|Cargo)\.toml$/, version: /^version = "(.+?)"/m, license: /^license = (?:\{ ?text = )?"(.+?)"/m },
  {
    name: /^pom\.xml$/,
    version: /<version>(.+?)<\/version>/,
    license: /<license>\s*<name>(.+?)<\/name>/,
    // The versions of others.
    without: /<(parent|properties|dependencies|dependencyManagement|build)>.*?<\/\1>/gs,
  },
];

/** The manifests of gen/<language> and clients/<language>, by path. Go has none that tells a version: its tags do. */
function manifests(): string[] {
  const folders = ["gen", "clients"]
    .filter((parent) => existsSync(path.join(root, parent)))
    .flatMap((parent) => readdirSync(path.join(root, parent), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
  return files.filter((file) => KINDS.some(({ name }) => name.test(path.basename(file)))).map((file) => path.relative(root, file));
}

function stated(manifest: string): { version: string | undefined; license: string | undefined } {
  const kind = KINDS.find(({ name }) => name.test(path.basename(manifest)));
  const text = readFileSync(path.join(root, manifest), "utf8").replace(kind?.without ?? "", "");
  return { version: kind?.version.exec(text)?.[1], license: kind?.license.exec(text)?.[1] };
}

test.each(["package.json", ...manifests()])("%s has the project's version and licence", (manifest) => {
  const { version, license } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  expect(stated(manifest)).toEqual({ version, license });
});

test("the generated packages are among them", () => {
  expect(manifests()).toEqual(expect.arrayContaining(["gen/rust/Cargo.toml"]));
});

/** What names a version of ours elsewhere: whoever depends on it, tells how to install it, or tells it to the server. */
const MENTION =
  /github\.com\/call-me\/call-me\/\S+ v|"@call-me\/[\w-]+": "|const version = "|<groupId>dev\.callme<\/groupId>\s*<artifactId>[\w-]+<\/artifactId>\s*<version>(?!\$)/;

const mentions = ["gen", "clients", "examples"].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => !/(^|\/)(node_modules|target|dist|build|\.[^/]+)\//.test(file))
    .filter((file) => /(^|\/)(go\.mod|version\.go|package\.json|pom\.xml|README\.md)$/.test(file))
    .map((file) => path.join(folder, file))
    .flatMap((file) => {
      const found = readFileSync(path.join(root, file), "utf8").matchAll(new RegExp(`(?:${MENTION.source})(\\d[^"<\\s]*)`, "g"));
      return [...found].map(([words, said]) => ({ file, words: words.replace(/\s+/g, " "), said }));
    }),
);

test.each(mentions)("$file names the project's version: $words", ({ said }) => {
  expect(said).toBe(JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")).version);
});

test("every language that has dependencies on us is among them", () => {
  const files = mentions.map(({ file }) => file);
  expect(files).toEqual(
    expect.arrayContaining([
      "clients/go/go.mod",
      "clients/go/version.go",
      "clients/java/README.md",
      "clients/java/v1/pom.xml",
      "examples/go/go.mod",
      "examples/ts/package.json",
    ]),
  );
});
