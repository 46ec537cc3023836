import { Attention } from "./attention/attention.tsx";
import { EnvironmentView } from "./environment/view.tsx";
import { Frame } from "./frame.tsx";
import { HistoryView } from "./history/view.tsx";
import { SignIn } from "./signin.tsx";
import { route } from "./state/route.ts";
import { meet, session } from "./state/session.ts";
import { Table } from "./table/table.tsx";

/** The page: what is asked of who comes, and the view that the address names. */
export function App() {
  const { caller, refused, unreachable } = session.value;
  if (refused !== undefined) return <SignIn why={refused} />;
  if (caller !== undefined)
    return (
      <Frame>
        <View />
      </Frame>
    );
  if (unreachable === undefined) return null;
  return (
    <main class="gate">
      <h1>call-me</h1>
      <p role="alert">{unreachable} This page tries again by itself.</p>
      <button type="button" onClick={() => void meet()}>
        Try again
      </button>
    </main>
  );
}

function View() {
  const { view, name } = route.value;
  if (view === "environment") return <EnvironmentView key={name} name={name} />;
  if (view === "attention") return <Attention />;
  return view === "history" ? <HistoryView /> : <Table />;
}
