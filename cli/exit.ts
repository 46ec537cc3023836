/** The exit codes of the client's commands. */
export const EXIT = { done: 0, error: 1, usage: 2, settings: 3, notAcquired: 4, notYours: 5, lost: 6, superseded: 7 } as const;

/** An end of a command that its user should read about: a sentence with the remedy, and the exit code. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;

  constructor(exitCode: number, sentence: string) {
    super(sentence);
    this.exitCode = exitCode;
  }

  /** The command line says something that cannot be done. */
  static usage(sentence: string): Failure {
    return new Failure(EXIT.usage, sentence);
  }

  /** A setting is missing or wrong. */
  static settings(sentence: string): Failure {
    return new Failure(EXIT.settings, sentence);
  }
}
