import type { Language } from "./languages.ts";
export async function mixed(_languages: ReadonlyMap<string, Language>, _seconds: number): Promise<void> {
  await null;
}
