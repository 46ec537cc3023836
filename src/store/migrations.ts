import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { StoreUnusable } from "./store.ts";

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** "call": marks a SQLite file as ours. */
export const APPLICATION_ID = 0x63616c6c;

const FOLDER = new URL("./migrations/", import.meta.url);

/** All migrations of this program, in order: of the store or, below it, of the history. */
export function known(folder: "" | "history/" = ""): Migration[] {
  const files = readdirSync(new URL(folder, FOLDER)).filter((name) => /^\d{4}_\w+\.sql$/.test(name));
  return files.sort().map((name) => {
    const sql = readFileSync(new URL(folder + name, FOLDER), "utf8");
    return { version: Number(name.slice(0, 4)), name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

/**
 * Brings the schema up to date. All migrations that the file has not had are one transaction, with their records and the version of the
 * file: after a crash they have either happened or not, and a new store waits for one fsync. Tells whether any was needed. Throws
 * StoreUnusable for a file that a newer call-me made, or one whose migrations were not these.
 */
export function migrate(db: Database, file: string, migrations: readonly Migration[] = known(), application = APPLICATION_ID): boolean {
  const version = Number(db.pragma("user_version", { simple: true }));
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest)
    throw new StoreUnusable(
      `cannot open the store ${file}: it was made by a newer call-me (its schema is ${version}, this program knows ${newest}); use that version, or a backup from before the upgrade`,
    );
  if (version > 0) compare(db, file, migrations);
  if (version === newest) return false;
  const missing = migrations.filter((migration) => migration.version > version);
  db.transaction(() => {
    for (const migration of missing) apply(db, migration);
    db.pragma(`application_id = ${application}`);
    db.pragma(`user_version = ${newest}`);
  }).immediate();
  return true;
}

function apply(db: Database, { version, name, checksum, sql }: Migration): void {
  db.exec(sql);
  db.prepare("INSERT INTO migrations (version, name, checksum) VALUES (?, ?, ?)").run(version, name, checksum);
}

function compare(db: Database, file: string, migrations: readonly Migration[]): void {
  const applied = db.prepare<[], Migration>("SELECT version, name, checksum FROM migrations ORDER BY version").all();
  for (const { version, name, checksum } of applied)
    if (migrations.find((migration) => migration.version === version)?.checksum !== checksum)
      throw new StoreUnusable(
        `cannot open the store ${file}: its migration ${version} (${name}) was another one than this program's; use the program that made it`,
      );
}
