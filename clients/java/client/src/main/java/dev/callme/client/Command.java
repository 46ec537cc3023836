package dev.callme.client;

import dev.callme.v1.Lease;
import dev.callme.v1.LeasedEnvironment;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/** A command that runs on a lease: see {@link HeldLease#run}. */
final class Command {
  /** How long it has from SIGTERM to SIGKILL, in ms, if a tenth of the ttl is no less. */
  private static final long GRACE = 3_000;

  private final HeldLease held;
  private final Lease lease;
  private final CompletableFuture<?> lost;
  private final CompletableFuture<?> cancelRequested;

  /** It is ended when one of the two completes. */
  Command(HeldLease held, Lease lease, CompletableFuture<?> lost, CompletableFuture<?> cancelRequested) {
    this.held = held;
    this.lease = lease;
    this.lost = lost;
    this.cancelRequested = cancelRequested;
  }

  /** Its exit code, when all of its group has ended. */
  int run(ProcessBuilder command) throws IOException, InterruptedException {
    prepare(command.environment());
    Group group = Group.start(command);
    long grace = lease.hasTtl() ? Math.min(GRACE, Times.nanos(lease.getTtl()) / 10_000_000) : GRACE;
    Thread farewell = Daemon.named("call-me-farewell").newThread(() -> leave(group, grace));
    boolean registered = register(farewell);
    lost.thenRun(() -> group.end(grace));
    cancelRequested.thenRun(() -> group.end(grace));
    try {
      int code = group.waitFor();
      group.end(grace);
      held.check();
      return code;
    } catch (InterruptedException interrupt) {
      group.end(grace);
      held.check();
      throw interrupt;
    } finally {
      group.end(grace);
      if (registered) unregister(farewell);
    }
  }

  /** With the lease, without the key, and without what another lease has given. */
  private void prepare(Map<String, String> environment) {
    List<LeasedEnvironment> leased = lease.getEnvironmentsList();
    environment.keySet().removeIf(name -> name.equals("CALL_ME_API_KEY") || name.equals("CALL_ME_ID_TOKEN") || name.startsWith(Given.PREFIX));
    environment.putAll(Given.variables(leased));
    environment.put("CALL_ME_LEASE_ID", held.id());
    environment.put("CALL_ME_LEASE_TOKEN", held.token());
    environment.put("CALL_ME_ENVIRONMENT", leased.stream().map(LeasedEnvironment::getName).collect(Collectors.joining(",")));
    environment.put("CALL_ME_SLOTS", Given.slots(leased));
    environment.put("CALL_ME_FENCING_TOKEN", Long.toUnsignedString(held.fencingToken()));
  }

  /** The JVM ends: first the command, and only then the lease. */
  private void leave(Group group, long grace) {
    group.end(grace);
    try {
      held.close();
    } catch (LeaseLostException told) {
      // Nobody is left to be told.
    }
  }

  /** False: the JVM is ending already. */
  private static boolean register(Thread hook) {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      return true;
    } catch (IllegalStateException ending) {
      return false;
    }
  }

  private static void unregister(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // It runs.
    }
  }
}
