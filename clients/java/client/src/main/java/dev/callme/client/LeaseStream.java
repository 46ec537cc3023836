package dev.callme.client;

import dev.callme.v1.Lease;
import dev.callme.v1.WatchLeaseRequest;
import dev.callme.v1.WatchLeaseResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * An open WatchLease. The server sends a HEARTBEAT every 15 s; a stream that was silent for 40 s counts as cut off, since a connection
 * can die without a word. Its callbacks come on the client's clock.
 */
final class LeaseStream implements ClientResponseObserver<WatchLeaseRequest, WatchLeaseResponse>, AutoCloseable {
  /** In s. */
  private static final long SILENCE = 40;

  /** Who hears what the stream says, until he closes it. */
  interface Listener {
    /** The lease as it is now. */
    void seen(Lease lease);

    /** Nothing more comes: because of an error, or (null) since the server ended the stream. */
    void ended(StatusRuntimeException error);
  }

  private final Wire wire;
  private final Listener listener;
  private final long openedAt = System.nanoTime();
  private ClientCallStreamObserver<WatchLeaseRequest> call;
  private Future<?> silence;
  private volatile boolean closed;

  LeaseStream(Wire wire, Listener listener) {
    this.wire = wire;
    this.listener = listener;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<WatchLeaseRequest> starting) {
    call = starting;
    wire.clock().execute(this::listen);
  }

  @Override
  public void onNext(WatchLeaseResponse message) {
    listen();
    if (!closed && message.hasLease()) listener.seen(message.getLease());
  }

  @Override
  public void onError(Throwable error) {
    StatusRuntimeException why = error instanceof StatusRuntimeException ? (StatusRuntimeException) error : Status.fromThrowable(error).asRuntimeException();
    end(why);
  }

  @Override
  public void onCompleted() {
    end(null);
  }

  /** Cancels it: an open stream is a sign of life. Nothing is heard from then on. */
  @Override
  public void close() {
    closed = true;
    call.cancel("no longer read", null);
  }

  private void listen() {
    if (silence != null) silence.cancel(false);
    if (!closed) silence = wire.clock().schedule(this::silent, SILENCE, TimeUnit.SECONDS);
  }

  private void silent() {
    end(Status.UNAVAILABLE.withDescription("no sign of life for " + SILENCE + " s").asRuntimeException());
    call.cancel("silent", null);
  }

  private void end(StatusRuntimeException error) {
    if (silence != null) silence.cancel(false);
    if (closed) return;
    closed = true;
    if (error != null) wire.failed(error, openedAt);
    listener.ended(error);
  }
}
