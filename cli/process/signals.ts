/** What asks a command to end, ours or the one that we run. */
export const ENDING: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGINT", "SIGBREAK", "SIGHUP"] : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** What SLURM and others send ahead of a time limit, for the command; of its own Node opens a debugger's port, and ends, for them. */
export const FOR_COMMANDS: readonly NodeJS.Signals[] = process.platform === "win32" ? [] : ["SIGUSR1", "SIGUSR2"];

/** What tells a command something. */
const TELLING: readonly NodeJS.Signals[] = process.platform === "win32" ? [] : ["SIGWINCH", ...FOR_COMMANDS];

/** Who is told of signals. */
export interface Listener {
  /** It should end. */
  ending(signal: NodeJS.Signals): void;
  /** It means what the command takes it for. */
  telling(signal: NodeJS.Signals): void;
  /** Ctrl-Z, which is not obeyed. */
  suspended(): void;
}

/** Listens to this process's signals until the function that it returns is called; not to those that are to be ignored. */
export function listen(listener: Listener, ignored: readonly NodeJS.Signals[]): () => void {
  const ending = ENDING.filter((signal) => !ignored.includes(signal));
  const handlers: [NodeJS.Signals, () => void][] = [
    ...ending.map((signal): [NodeJS.Signals, () => void] => [signal, () => listener.ending(signal)]),
    ...TELLING.map((signal): [NodeJS.Signals, () => void] => [signal, () => listener.telling(signal)]),
  ];
  if (process.platform !== "win32") handlers.push(["SIGTSTP", () => listener.suspended()]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
