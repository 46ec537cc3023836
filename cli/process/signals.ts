/** What asks a command to end. */
const ENDING: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGINT", "SIGBREAK", "SIGHUP"] : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Who is told of signals. */
export interface Listener {
  /** It should end. */
  ending(signal: NodeJS.Signals): void;
  /** The terminal has another size now. */
  resized(): void;
  /** Ctrl-Z, which is not obeyed. */
  suspended(): void;
}

/** Listens to this process's signals until the function that it returns is called; not to those that are to be ignored. */
export function listen(listener: Listener, ignored: readonly NodeJS.Signals[]): () => void {
  const ending = ENDING.filter((signal) => !ignored.includes(signal));
  const handlers: [NodeJS.Signals, () => void][] = ending.map((signal) => [signal, () => listener.ending(signal)]);
  if (process.platform !== "win32") handlers.push(["SIGWINCH", () => listener.resized()], ["SIGTSTP", () => listener.suspended()]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
