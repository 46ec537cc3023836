/** A row of the table of CI systems: the system's name, its marks, and its facts. */
export type Row = Readonly<Record<string, string | readonly string[]>> & { readonly name: string; readonly marks: readonly string[] };
