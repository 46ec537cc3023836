import { StoreFailure } from "../store.ts";

/** How far a transaction had come. */
export type Step = "work" | "commit";

/**
 * What an error of SQLite means for who waits for it. The question is whether the transaction could be found committed after a crash.
 *
 * With a WAL it is committed once its last frame, which bears the commit mark and a checksum over all before it, is in the file whole.
 * - Before COMMIT no frame bears the mark. So whatever happens there, nothing was changed.
 * - At COMMIT frames are written in order, the marked one last, then one fsync. A write that fails (SQLITE_FULL, SQLITE_IOERR_WRITE)
 *   took none of its bytes, so the marked frame is not whole: nothing was changed, and the next commit overwrites what there is.
 *   READONLY and CANTOPEN come before the first write.
 * - A failed fsync leaves a whole marked frame in the page cache, and the kernel may have dropped it or not; a second fsync would say
 *   yes to either (docs/decisions/0010-sqlite-with-one-owner.md). Running out of memory after the fsync is an error too.
 *   So anything else at COMMIT: nobody knows.
 * - A checkpoint that fails is nobody's failure: all commits are on disk in the WAL, which is not reused before each page of it has been
 *   copied and an fsync of the database has succeeded.
 * - SQLITE_CORRUPT and damaged rows: what we have told callers so far may have been wrong, so the process must not go on.
 */
export function failureOf(error: unknown, step: Step): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { message } = error instanceof Error ? error : { message: String(error) };
  const code = codeOf(error);
  const told = code === "" ? message : `${message} (${code})`;
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB")
    return new StoreFailure("OUTCOME_UNKNOWN", `the store is damaged: ${told}`, { cause: error });
  if (code === "SQLITE_FULL") return new StoreFailure("STORAGE_FULL", `the disk is full; nothing was changed: ${told}`, { cause: error });
  if (step === "work" || /^SQLITE_(IOERR_WRITE|READONLY|CANTOPEN)/.test(code))
    return new StoreFailure("STORAGE_FAILED", `the store failed; nothing was changed: ${told}`, { cause: error });
  return new StoreFailure("OUTCOME_UNKNOWN", `the commit may be on disk or not: ${told}`, { cause: error });
}

/** SQLite's extended result code, as a word; empty for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
