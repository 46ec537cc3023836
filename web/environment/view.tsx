import type { Signal } from "@preact/signals";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { AskButton, ask } from "../parts/ask.tsx";
import { EventList } from "../parts/events.tsx";
import { type Loaded, useLoaded, usePaced } from "../parts/loaded.ts";
import { Sign } from "../parts/sign.tsx";
import { At } from "../parts/times.tsx";
import { Out } from "../parts/who.tsx";
import { insight } from "../state/calls.ts";
import { isMine } from "../state/person.ts";
import { tableAddress } from "../state/route.ts";
import { complete, statusOf } from "../state/rows.ts";
import { may } from "../state/session.ts";
import { labelsOf } from "../words/labels.ts";
import { because, verdict } from "../words/state.ts";
import { webAddress } from "../words/who.ts";
import { Configuration } from "./configuration.tsx";
import { type Detail, useDetail } from "./detail.ts";
import { Holding, Reserved, Waiting } from "./leases.tsx";
import { reserveOf } from "./reserve.tsx";
import { moveOf, movesOf } from "./states.tsx";
import { Timeline } from "./timeline.tsx";

/** An environment: who has it and who waits, what was and is done with it, and what the caller may do. */
export function EnvironmentView({ name }: { readonly name: string }) {
  const status = statusOf(name);
  return status === undefined ? <Missing name={name} /> : <Known status={status} />;
}

/** How often what happened is read anew, in ms. */
const PACE = 5_000;

function Known({ status }: { readonly status: EnvironmentStatus }) {
  const { name } = status;
  const detail = useDetail(status, status);
  const paced = usePaced(status, PACE);
  const events = useLoaded((signal) => insight.listEvents({ filter: { environment: name }, pageSize: 20 }, { signal }), [paced]).value;
  const { value: known, trouble } = detail.value;
  const reading = <p class="quiet">…</p>;
  return (
    <main>
      <Head status={status} told={detail} />
      {trouble === "" ? null : <p role="alert">{trouble}</p>}
      <div class="sides">
        <div>
          <h2>On it</h2>
          {known === undefined ? reading : <Holding {...known} leases={known.holding} more={known.moreHolding} />}
          <h2>In line</h2>
          {known === undefined ? reading : <Waiting {...known} leases={known.waiting} more={known.moreWaiting} />}
          {known === undefined || known.reserved.length === 0 ? null : (
            <>
              <h2>Reserved</h2>
              <Reserved {...known} leases={known.reserved} more={known.moreWaiting} />
            </>
          )}
          <Timeline environment={name} capacity={status.capacity} holding={known?.holding ?? []} by={paced} />
          <h2>What happened</h2>
          {events.trouble === "" ? null : <p role="alert">{events.trouble}</p>}
          {events.value === undefined ? reading : <EventList events={events.value.events} named={false} />}
          <p>
            <a href={`#/history?${new URLSearchParams({ environment: name })}`}>All of its history</a>
          </p>
        </div>
        {known === undefined ? null : <Configuration environment={known.environment} />}
      </div>
    </main>
  );
}

function Missing({ name }: { readonly name: string }) {
  return (
    <main>
      <h1>{name}</h1>
      <p class="quiet">{complete.value ? "There is no environment of this name, or none that you may see." : "Reading…"}</p>
      <p>
        <a href={tableAddress.value}>All environments</a>
      </p>
    </main>
  );
}

function Head({ status, told }: { readonly status: EnvironmentStatus; readonly told: Signal<Loaded<Detail>> }) {
  const detail = told.value.value;
  const { name, pool, stateUntil } = status;
  const why = because(status);
  return (
    <div class="head">
      <div>
        <h1>{name}</h1>
        <p class="now">
          <Sign verdict={verdict(status)} />
          {why === "" ? null : <span>{why}</span>}
          {stateUntil === undefined ? null : (
            <span>
              until <At at={stateUntil} />
            </span>
          )}
          <span class="quiet">pool {pool}</span>
          {labelsOf(status).map((label) => (
            <a class="label" key={label} href={`#/?${new URLSearchParams({ label })}`}>
              {label}
            </a>
          ))}
        </p>
        {detail?.environment.description ? <p>{detail.environment.description}</p> : null}
        <Links links={detail?.environment.links ?? {}} />
      </div>
      <div class="acts">
        {may(Role.USE, pool, name) ? (
          <AskButton class={detail?.holding.some(isMine) ? "" : "main"} onClick={() => ask(reserveOf(status, () => told.value.value))}>
            {may(Role.RESERVE, pool, name) ? "Reserve…" : "Take it…"}
          </AskButton>
        ) : null}
        {may(Role.OPERATE, pool, name)
          ? movesOf(status).map((move) => (
              <AskButton key={move.button} onClick={() => ask(moveOf(move, status))}>
                {move.button}
              </AskButton>
            ))
          : null}
      </div>
    </div>
  );
}

function Links({ links }: { readonly links: Readonly<Record<string, string>> }) {
  const all = Object.entries(links);
  if (all.length === 0) return null;
  return (
    <p class="links">
      {all.map(([words, to]) =>
        webAddress(to) === undefined ? (
          <span key={words}>{`${words}: ${to}`}</span>
        ) : (
          <Out key={words} to={to}>
            {words}
          </Out>
        ),
      )}
    </p>
  );
}
