import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { concerns } from "./attention/concerns.ts";
import { Dialog } from "./parts/ask.tsx";
import { now } from "./state/clock.ts";
import { keepPerson } from "./state/person.ts";
import { beginning, route, tableAddress } from "./state/route.ts";
import { scheme, turnScheme } from "./state/scheme.ts";
import { caller, isOpen, signOut } from "./state/session.ts";
import { link } from "./state/watch.ts";
import { spell } from "./words/time.ts";

/** What stands around every view: the ways to the others, who we are, and how old the data are. */
export function Frame({ children }: { readonly children: ComponentChildren }) {
  const { view, name } = route.value;
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    document.title = `${view === "environment" ? name : TITLES[view]} · call-me`;
    if (!isFirst.current) begin();
    isFirst.current = false;
  }, [view, name]);
  return (
    <>
      <header class="frame">
        <nav aria-label="Views">
          <a class="brand" href="#/">
            call-me
          </a>
          <Way to={view === "table" ? "#/" : tableAddress.value} here={view === "table"}>
            Environments
          </Way>
          <Way to="#/attention" here={view === "attention"}>
            Attention
            <Concerned />
          </Way>
          <Way to="#/history" here={view === "history"}>
            History
          </Way>
        </nav>
        <Freshness />
        <Person />
      </header>
      {children}
      <Dialog />
    </>
  );
}

const TITLES = { table: "Environments", attention: "Attention", history: "History", environment: "" } as const;

/** Another view is read from its heading on, unless the focus stands in it already. */
function begin(): void {
  const heading = document.querySelector<HTMLElement>("main h1");
  if (heading !== null && !document.querySelector("main")?.contains(document.activeElement)) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo(0, beginning());
}

function Way({ to, here, children }: { readonly to: string; readonly here: boolean; readonly children: ComponentChildren }) {
  return (
    <a href={to} aria-current={here ? "page" : undefined}>
      {children}
    </a>
  );
}

function Concerned() {
  const count = concerns.value.length;
  return count === 0 ? null : <b class="concerned">{count}</b>;
}

/** After so long without a word, in ms, the data may be older than "live" says, though the connection may be good. */
const QUIET = 20_000;

/** "live", or how old the data are and why. Said aloud is only that it is cut, or live again. */
function Freshness() {
  const { live, heard, why } = link.value;
  void now.value; // Once a second.
  const age = Date.now() - heard;
  const isOld = !live || age >= QUIET;
  return (
    <span class={`freshness ${isOld ? "cut" : "live"}`}>
      {isOld && heard > 0 ? (
        <span>
          data from {spell(age)} ago{live ? "" : ","}
        </span>
      ) : null}
      <output class={live && isOld ? "unseen" : ""}>{live ? "live" : heard === 0 ? "connecting" : "reconnecting"}</output>
      {live || why === "" ? null : (
        <span class="why" title={why}>
          {why}
        </span>
      )}
    </span>
  );
}

function Person() {
  const who = caller.value;
  return (
    <span class="person">
      <span title={who?.principal}>{who?.label || (isOpen.value ? "no key asked for" : who?.principal)}</span>
      <button type="button" onClick={turnScheme} title="Colours: light, dark, or as the system has them">
        ◐ {scheme.value || "auto"}
      </button>
      {isOpen.value ? null : (
        <button
          type="button"
          onClick={() => {
            keepPerson("");
            signOut();
          }}
        >
          Sign out
        </button>
      )}
    </span>
  );
}
