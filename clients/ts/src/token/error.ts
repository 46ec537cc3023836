import { Code, ConnectError } from "@connectrpc/connect";

/**
 * A call that lacks a CI system's token, or whose token the server refuses. `unavailable`: the source was out of reach, and the same call may
 * succeed later; `unauthenticated`: somebody has to set something. The message says what is wrong, and what to do; the token is not in it.
 */
export class TokenError extends ConnectError {
  readonly what: string;
  readonly remedy: string;

  /** ConnectError's own takes any of its kind for one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(TokenError, value);
  }

  private constructor(what: string, remedy: string, code: Code, metadata?: Headers) {
    super(`${what}. ${remedy}`, code, metadata);
    this.what = what;
    this.remedy = remedy;
  }

  /** What kept a source from giving a token for now. */
  static outOfReach(what: string, remedy: string): TokenError {
    return new TokenError(what, remedy, Code.Unavailable);
  }

  /** What is wrong with a source. */
  static missing(what: string, remedy: string): TokenError {
    return new TokenError(what, remedy, Code.Unauthenticated);
  }

  /** What the server answered to a token, with the server's own details. */
  static refused(what: string, remedy: string, answer: ConnectError): TokenError {
    const error = new TokenError(what, remedy, Code.Unauthenticated, answer.metadata);
    error.details = answer.details;
    return error;
  }
}
