import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { concerns } from "./attention/concerns.ts";
import { Dialog } from "./parts/ask.tsx";
import { now, serverTime } from "./state/clock.ts";
import { keepPerson, personName } from "./state/person.ts";
import { route, tableAddress } from "./state/route.ts";
import { scheme, turnScheme } from "./state/scheme.ts";
import { caller, isOpen, signOut } from "./state/session.ts";
import { link } from "./state/watch.ts";
import { spell } from "./words/time.ts";

/** What stands around every view: the ways to the others, who we are, and how old the data are. */
export function Frame({ children }: { readonly children: ComponentChildren }) {
  const { view, name } = route.value;
  useEffect(() => {
    document.title = `${view === "environment" ? name : TITLES[view]} · call-me`;
  }, [view, name]);
  return (
    <>
      <header class="frame">
        <nav aria-label="Views">
          <a class="brand" href="#/">
            call-me
          </a>
          <Way to={tableAddress.value} here={view === "table"}>
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

/** "live", or how old the data are and what is done about it. */
function Freshness() {
  const { live, heard, why } = link.value;
  const age = now.value - serverTime() + Date.now() - heard;
  if (live && age < QUIET) return <span class="freshness live">live</span>;
  const words = live ? "" : heard === 0 ? "connecting" : "reconnecting";
  return (
    <span class="freshness cut" title={why}>
      <output>{[heard === 0 ? "" : `data from ${spell(age)} ago`, words].filter(Boolean).join(", ")}</output>
    </span>
  );
}

function Person() {
  const who = caller.value;
  return (
    <span class="person">
      <span title={who?.principal}>{personName() || who?.label || (isOpen.value ? "no key asked for" : who?.principal)}</span>
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
