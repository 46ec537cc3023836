import { type Environment, OnExpiry, OnExpirySchema, type Variable } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { Since } from "../parts/times.tsx";
import { spoken } from "../words/enums.ts";
import { milliseconds, spell } from "../words/time.ts";
import { nameOf } from "../words/who.ts";

/** What is deployed on the environment, and how it is configured. */
export function Configuration({ environment }: { readonly environment: Environment }) {
  const facts = Object.entries(environment.facts);
  const variables = Object.entries(environment.variables);
  return (
    <aside>
      {facts.length === 0 ? null : (
        <>
          <h2>Deployed</h2>
          <dl>
            {facts.map(([name, { value, holder, at }]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd title={nameOf({ holder }, "")}>
                  {value}{" "}
                  <span class="quiet">
                    <Since at={at} /> ago
                  </span>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <h2>Configuration</h2>
      <dl>
        {rows(environment).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {variables.length === 0 ? null : (
        <>
          <h2>What its holder is given</h2>
          <dl>
            {variables.map(([name, variable]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{shown(variable)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </aside>
  );
}

function shown({ value, fromEnv, secret }: Variable): string {
  return value ?? `${fromEnv} of the server${secret ? ", secret" : ""}`;
}

type Length = Parameters<typeof milliseconds>[0];

/** What is set and what counts where nothing is. */
function rows(environment: Environment): [name: string, value: string][] {
  const { capacity, defaultTtl, maxTtl, maxHold, lockDelay, cooldown, onExpiry, cleaning, quarantineAfter, onDemand } = environment;
  const length = (set: Length | undefined, otherwise: string) => (set === undefined ? otherwise : spell(milliseconds(set)));
  return [
    ["Slots", `${capacity ?? 1}`],
    ["Ttl, if none is asked for", length(defaultTtl, "1 h")],
    ["Longest ttl", length(maxTtl, "30 d")],
    ["Longest hold", length(maxHold, "4 h unless asked for")],
    ["Rest after an expiry", length(lockDelay, "10 s")],
    ["Rest after a release", length(cooldown, "none")],
    ["When its holder vanishes", spoken(OnExpirySchema, onExpiry === OnExpiry.UNSPECIFIED ? OnExpiry.RELEASE : onExpiry)],
    ["Cleaned after each use", cleaning?.required ? `yes, within ${length(cleaning.timeout, "1 h")}` : "no"],
    ...(quarantineAfter > 0 ? [["Put aside after", `${quarantineAfter} failures in a row`] as [string, string]] : []),
    ...(onDemand ? [["Configured", "by nobody: an Acquire made it"] as [string, string]] : []),
  ];
}
