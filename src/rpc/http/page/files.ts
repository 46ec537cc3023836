/** The files of the page, as they are sent: read and compressed once, at the start. */
import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** Where they lie: in the checkout; the package has them elsewhere (scripts/bundle.ts). */
const FOLDER = new URL("../../../../gen/page/", import.meta.url);

const DOCUMENT = "index.html";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** A file as it is, and compressed. */
export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  /** Of what it has in it. */
  readonly hash: string;
}

export interface PageFiles {
  readonly document: PageFile;
  /** By the paths that the document names them by, which change with them. */
  readonly parts: ReadonlyMap<string, PageFile>;
}

/** Reads them. Rejects with Node's error where they are not there, as in an installation that is not whole. */
export async function readPage(): Promise<PageFiles> {
  const names = (await readdir(FOLDER)).filter((name) => name !== DOCUMENT);
  const parts = await Promise.all(names.map(async (name) => [name, await fileOf(name, await readFile(new URL(name, FOLDER)))] as const));
  const paths = new Map(parts.map(([name, file]) => [name, `_page/${name.replace(".", `-${file.hash}.`)}`]));
  let text = await readFile(new URL(DOCUMENT, FOLDER), "utf8");
  for (const [name, path] of paths) text = text.replaceAll(`"_page/${name}"`, `"${path}"`);
  return {
    document: await fileOf(DOCUMENT, Buffer.from(text)),
    parts: new Map(parts.map(([name, file]) => [`/${paths.get(name)}`, file])),
  };
}

const compressed = promisify(gzip);

async function fileOf(name: string, plain: Buffer): Promise<PageFile> {
  const type = TYPES[name.slice(name.lastIndexOf("."))] ?? "application/octet-stream";
  return { type, plain, gzipped: await compressed(plain, { level: 9 }), hash: hash("sha256", plain, "hex").slice(0, 16) };
}
