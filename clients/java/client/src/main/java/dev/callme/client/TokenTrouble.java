package dev.callme.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * The cause of the error of a call that lacks a CI system's token, or whose token the server refuses. UNAVAILABLE: the source was out of reach, and the
 * same call may succeed later; UNAUTHENTICATED: somebody has to set something. Its words say what is wrong, and what to do; the token is not in
 * them.
 */
final class TokenTrouble extends RuntimeException {
  private static final long serialVersionUID = 1;

  private TokenTrouble(String words) {
    super(words);
  }

  /** What is wrong with a source. */
  static StatusRuntimeException missing(String words) {
    return error(Status.UNAUTHENTICATED, words);
  }

  /** What kept a source from giving a token for now. */
  static StatusRuntimeException outOfReach(String words) {
    return error(Status.UNAVAILABLE, words);
  }

  /** What the server answered to a token, with its own details. */
  static StatusRuntimeException refused(String words, StatusRuntimeException answer) {
    return new StatusRuntimeException(error(Status.UNAUTHENTICATED, words).getStatus(), answer.getTrailers());
  }

  /** Whether it is not known any more who we are: a token was refused, or was not to be had, or a key was refused. */
  static boolean isUnidentified(StatusRuntimeException error) {
    return error.getStatus().getCode() == Status.Code.UNAUTHENTICATED || isIn(error);
  }

  static boolean isIn(StatusRuntimeException error) {
    return error.getStatus().getCause() instanceof TokenTrouble;
  }

  private static StatusRuntimeException error(Status status, String words) {
    return status.withDescription(words).withCause(new TokenTrouble(words)).asRuntimeException();
  }
}
