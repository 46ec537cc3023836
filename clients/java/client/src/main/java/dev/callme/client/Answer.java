package dev.callme.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** The answer to one call. */
final class Answer<Q, A> extends CompletableFuture<A> implements ClientResponseObserver<Q, A> {
  private ClientCallStreamObserver<Q> call;
  private A message;

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> starting) {
    call = starting;
  }

  @Override
  public void onNext(A answer) {
    message = answer;
  }

  @Override
  public void onError(Throwable error) {
    completeExceptionally(error);
  }

  @Override
  public void onCompleted() {
    complete(message);
  }

  /** Cancels the call, so that the server knows that nobody listens. */
  void giveUp() {
    call.cancel("given up", null);
  }

  /** Waits for an answer. A failure is thrown as the gRPC library throws it to those who call it themselves. */
  static <A> A await(CompletableFuture<A> answer) throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException failed) {
      throw thrown(causeOf(failed.getCause()));
    }
  }

  /** Waits for it, whoever interrupts (the interrupt is kept); null if there is none. */
  static <A> A settled(CompletableFuture<A> answer) {
    try {
      return answer.join();
    } catch (CompletionException | CancellationException unanswered) {
      return null;
    }
  }

  /** What a call failed for, also as those see it who wait for something that depends on the answer. */
  static Throwable causeOf(Throwable error) {
    return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
  }

  /** The same error with the stack of who sees it; the one where it was made is a thread of gRPC's. */
  private static RuntimeException thrown(Throwable error) {
    if (error instanceof StatusRuntimeException) {
      StatusRuntimeException known = (StatusRuntimeException) error;
      return new StatusRuntimeException(known.getStatus(), known.getTrailers());
    }
    return Status.UNKNOWN.withCause(error).asRuntimeException();
  }
}
