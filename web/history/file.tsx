import { useSignal } from "@preact/signals";
import { wordsOf } from "../state/calls.ts";

interface Kept {
  readonly name: string;
  readonly title?: string;
  /** What is in it. What it throws is said. */
  readonly text: () => Promise<string>;
}

/** Lets the browser keep something as a CSV file. */
export function File({ name, title, text }: Kept) {
  const [busy, trouble] = [useSignal(false), useSignal("")];
  const keep = async () => {
    busy.value = true;
    trouble.value = "";
    try {
      download(name, await text());
    } catch (error) {
      trouble.value = wordsOf(error);
    }
    busy.value = false;
  };
  return (
    <>
      <button type="button" title={title} disabled={busy.value} onClick={() => void keep()}>
        CSV
      </button>
      {trouble.value === "" ? null : <span role="alert">{trouble.value}</span>}
    </>
  );
}

function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
