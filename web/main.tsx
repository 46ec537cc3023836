import { render } from "preact";
import { App } from "./app.tsx";
import { followAddress } from "./state/route.ts";
import { begin } from "./state/session.ts";
import { keepWatching } from "./state/watch.ts";

// First: somebody who comes back has the address to be seen in what was kept.
void begin();
followAddress();
keepWatching();

const page = document.getElementById("page");
if (page !== null) {
  page.replaceChildren();
  render(<App />, page);
}

addEventListener("keydown", (event) => {
  const { target, key, ctrlKey, metaKey, altKey } = event;
  const types = target instanceof HTMLElement && target.closest("input, select, textarea, dialog") !== null;
  if (key !== "/" || types || ctrlKey || metaKey || altKey) return;
  const find = document.getElementById("find");
  if (find === null) return;
  event.preventDefault();
  find.focus();
});
