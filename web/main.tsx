import { render } from "preact";
import { App } from "./app.tsx";
import { followAddress } from "./state/route.ts";
import { begin } from "./state/session.ts";
import { keepWatching } from "./state/watch.ts";

// Before the address is looked at: who comes back from signing in elsewhere has theirs in what this tab has kept.
void begin();
followAddress();
keepWatching();

const page = document.getElementById("page");
if (page !== null) {
  page.replaceChildren();
  render(<App />, page);
}

addEventListener("keydown", (event) => {
  const { key, ctrlKey, metaKey } = event;
  const find = document.getElementById("find");
  if (key !== "k" || !(ctrlKey || metaKey) || find === null || document.querySelector("dialog") !== null) return;
  event.preventDefault();
  find.focus();
});
