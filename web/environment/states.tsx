// The states that an operator can give an environment, and what each does to whom.
import type { Environment } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState, type EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Question } from "../parts/ask.tsx";
import { Term, Text, termIn, textIn } from "../parts/fields.tsx";
import { environments } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { statusOf } from "../state/rows.ts";
import { outlook } from "../words/outlook.ts";
import { maybe, spanOf } from "../words/time.ts";

interface Move {
  readonly to: EnvironmentState;
  readonly button: string;
  readonly title: (name: string) => string;
  readonly does: string;
  readonly said: string;
  readonly bounded: boolean;
}

const SERVICE: Move = {
  to: EnvironmentState.AVAILABLE,
  button: "Back into service…",
  title: (name) => `Put ${name} back into service`,
  does: "Back into service",
  said: "is in service again",
  bounded: false,
};
const CLEAN: Move = {
  ...SERVICE,
  button: "Mark clean…",
  title: (name) => `Mark ${name} as clean`,
  does: "It is clean",
  said: "is clean, and in service again",
};
const MAINTENANCE: Move = {
  to: EnvironmentState.MAINTENANCE,
  button: "Maintenance…",
  title: (name) => `Put ${name} into maintenance`,
  does: "Into maintenance",
  said: "is in maintenance",
  bounded: true,
};
const DRAIN: Move = {
  to: EnvironmentState.DRAINING,
  button: "Drain…",
  title: (name) => `Drain ${name}`,
  does: "Drain",
  said: "is draining",
  bounded: true,
};
const BROKEN: Move = {
  to: EnvironmentState.QUARANTINED,
  button: "Mark broken…",
  title: (name) => `Mark ${name} as broken`,
  does: "It is broken",
  said: "is put aside until somebody has looked at it",
  bounded: false,
};

/** What an operator can make of it now; what it is already, to say another reason and end. */
export function movesOf({ state }: Pick<Environment, "state">): readonly Move[] {
  const back = state === EnvironmentState.DIRTY ? CLEAN : SERVICE;
  const others = [MAINTENANCE, DRAIN, BROKEN];
  return state === EnvironmentState.AVAILABLE ? others : [back, ...others];
}

/** What is asked before it. */
export function moveOf(move: Move, status: EnvironmentStatus): Question {
  const { name, state, stateReason, stateUntil } = status;
  const again = state === move.to;
  return {
    title: move.title(name),
    says: () => <p>{outlook(statusOf(name) ?? status, move)}</p>,
    fields: (
      <>
        <Text
          name="reason"
          title="Reason; those who wait will see it"
          value={again ? stateReason : ""}
          required={move.to !== EnvironmentState.AVAILABLE}
        />
        {move.bounded ? <Term title="How long" endless="until somebody says so" end={again ? maybe(stateUntil) : undefined} /> : null}
      </>
    ),
    does: move.does,
    destructive: move.to === EnvironmentState.QUARANTINED,
    act: async (given) => {
      const present = statusOf(name) ?? status;
      if (present.state !== state) return moveOf(move, present);
      const until = move.bounded ? termIn(given, serverTime()) : undefined;
      await environments.setEnvironmentState({
        environment: name,
        state: move.to,
        reason: textIn(given, "reason"),
        ...(until === undefined ? {} : { until: spanOf(until) }),
      });
      return `${name} ${move.said}.`;
    },
  };
}
