import dev.callme.v1.AcquireRequest;
import dev.callme.v1.AcquireResponse;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import dev.callme.v1.LockServiceGrpc;
import dev.callme.v1.LockServiceGrpc.LockServiceBlockingStub;
import dev.callme.v1.ReleaseRequest;
import dev.callme.v1.RenewRequest;
import dev.callme.v1.WatchLeaseRequest;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.net.URI;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Acquire, watch, renew and release with nothing but generated code and gRPC. What the layer over it does besides: clients/README.md. */
class Raw {
  public static void main(String[] args) throws Exception {
    URI url = URI.create(System.getenv().getOrDefault("CALL_ME_URL", "http://127.0.0.1:8000"));
    ManagedChannel channel = ManagedChannelBuilder.forAddress(url.getHost(), url.getPort()).usePlaintext().build();
    try {
      run(LockServiceGrpc.newBlockingStub(channel));
    } finally {
      channel.shutdownNow();
    }
  }

  private static void run(LockServiceBlockingStub server) {
    LockServiceBlockingStub locks = opened(server, System.getenv().getOrDefault("CALL_ME_API_KEY", ""));
    // The same request again keeps the place in line; after a broken connection too.
    AcquireRequest request = AcquireRequest.newBuilder()
        .setEnvironment("uat")
        .setRequestId(UUID.randomUUID().toString())
        .setTtl(seconds(60))
        .setWait(seconds(60))
        .build();
    AcquireResponse answer = locks.acquire(request);
    while (answer.getLease().getState() == LeaseState.LEASE_STATE_QUEUED) {
      System.out.println("waiting at position " + answer.getLease().getPosition());
      answer = locks.acquire(request);
    }
    Lease lease = answer.getLease();
    if (lease.getState() != LeaseState.LEASE_STATE_HELD) throw new IllegalStateException("not acquired: " + lease.getEndNote());

    // From here on the lease's own token is enough.
    LockServiceBlockingStub own = opened(server, answer.getLeaseToken());
    RenewRequest renewal = RenewRequest.newBuilder().setLeaseId(lease.getId()).build();
    ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
    Context.CancellableContext watching = Context.current().withCancellation();
    try {
      timer.scheduleAtFixedRate(() -> renew(own, renewal), 20, 20, TimeUnit.SECONDS);
      timer.execute(watching.wrap(() -> watch(own, lease.getId())));
      System.out.println("held, with fencing token " + Long.toUnsignedString(lease.getEnvironments(0).getFencingToken()));
      // … the work …
    } finally {
      watching.cancel(null);
      timer.shutdownNow();
      own.release(ReleaseRequest.newBuilder().setLeaseId(lease.getId()).build());
    }
  }

  /** A timer would never run again what has thrown. */
  private static void renew(LockServiceBlockingStub locks, RenewRequest request) {
    try {
      locks.withDeadlineAfter(5, TimeUnit.SECONDS).renew(request);
    } catch (StatusRuntimeException error) {
      System.err.println("not renewed: " + error.getMessage());
    }
  }

  /** Tells of an end at once. A stream that is no longer read must be cancelled: here by its context. */
  private static void watch(LockServiceBlockingStub locks, String leaseId) {
    try {
      locks.watchLease(WatchLeaseRequest.newBuilder().setLeaseId(leaseId).build()).forEachRemaining(message -> {
        // Another state than HELD: it has ended, or was taken back, and the work must stop.
        LeaseState state = message.getLease().getState();
        if (message.hasLease() && state != LeaseState.LEASE_STATE_HELD) System.out.println("lost: " + state + " " + message.getLease().getEndReason());
      });
    } catch (StatusRuntimeException over) {
      if (over.getStatus().getCode() != Status.Code.CANCELLED) System.err.println("no longer watched: " + over.getMessage());
    }
  }

  private static LockServiceBlockingStub opened(LockServiceBlockingStub stub, String key) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER), key);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static com.google.protobuf.Duration seconds(long seconds) {
    return com.google.protobuf.Duration.newBuilder().setSeconds(seconds).build();
  }
}
