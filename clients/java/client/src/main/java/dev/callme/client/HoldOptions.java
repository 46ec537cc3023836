package dev.callme.client;

import dev.callme.v1.AcquireRequest;
import dev.callme.v1.Holder;
import dev.callme.v1.IfBusy;
import dev.callme.v1.Lease;
import dev.callme.v1.Need;
import dev.callme.v1.Supersede;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;

/** What to hold, and how. Can be used for any number of holds. The names are those of the fields of AcquireRequest. */
public final class HoldOptions {
  private static final Duration TTL = Duration.ofSeconds(60);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

  private final AcquireRequest template;
  /** What is picked up, instead of asked for; null: nothing. */
  private final Ticket ticket;
  /** Whether it was said for how long it can do without a process. */
  private final boolean patient;
  private final Consumer<? super Lease> onWaiting;
  private final boolean interruptWhenLost;

  private HoldOptions(Builder builder) {
    this.template = templateOf(builder);
    this.ticket = builder.ticket;
    this.patient = builder.isPatient();
    this.onWaiting = builder.onWaiting;
    this.interruptWhenLost = builder.interruptWhenLost;
  }

  /** Options for one slot of an environment; more environments can be added, and are then held together. */
  public static Builder builder(String environment) {
    return new Builder().environment(environment);
  }

  /** Options for a number of slots of an environment. */
  public static Builder builder(String environment, int slots) {
    return new Builder().environment(environment, slots);
  }

  /** Options for one environment that has these labels: {@code tier=uat,region in (eu,us),!gpu}. {@link HeldLease#environments} tells which. */
  public static Builder selecting(String selector) {
    return selecting(selector, 1, 1);
  }

  /** Options for so many different environments that have these labels, and for so many slots of each. */
  public static Builder selecting(String selector, int count, int slots) {
    return new Builder().selector(selector, count, slots);
  }

  /** Options for what another process has asked for; only what has no part in that can be set. */
  public static Builder builder(Ticket ticket) {
    return new Builder(Objects.requireNonNull(ticket, "ticket"));
  }

  private static AcquireRequest templateOf(Builder builder) {
    AcquireRequest.Builder request = builder.request.clone().setHolder(Holders.describe(System.getenv(), builder.request.getHolder()));
    if (!request.hasTtl() && !request.getAutoClaim()) request.setTtl(Times.toProto(TTL));
    return request.build();
  }

  /** What is picked up; null: nothing. */
  Ticket ticket() {
    return ticket;
  }

  /** Refuses what would most likely be over before anybody can pick it up. */
  void checkDetached() {
    if (ticket != null) throw new IllegalArgumentException("what a ticket stands for has been detached already: pick it up");
    if (patient) return;
    throw new IllegalArgumentException("detach needs ttl, ticketTtl and claimTimeout: nobody renews it or keeps it in line until it is picked up. "
        + "ttl is how long it is held if it is granted at once, the others how long it waits, and a grant of it");
  }

  /** The one request that every try of a hold sends. */
  AcquireRequest request() {
    return template.getRequestId().isEmpty() ? template.toBuilder().setRequestId(UUID.randomUUID().toString()).build() : template;
  }

  Consumer<? super Lease> onWaiting() {
    return onWaiting;
  }

  boolean interruptWhenLost() {
    return interruptWhenLost;
  }

  /** Makes {@link HoldOptions}. What else is wrong with a value is said by the server, as an error of {@code hold}. */
  public static final class Builder {
    private final AcquireRequest.Builder request = AcquireRequest.newBuilder();
    private final Ticket ticket;
    private Consumer<? super Lease> onWaiting = lease -> {};
    private boolean interruptWhenLost = true;

    private Builder() {
      this(null);
    }

    private Builder(Ticket ticket) {
      this.ticket = ticket;
    }

    /** One slot of an environment. */
    public Builder environment(String name) {
      request.addNeeds(Need.newBuilder().setEnvironment(name));
      return this;
    }

    /** A number of slots of an environment. */
    public Builder environment(String name, int slots) {
      request.addNeeds(Need.newBuilder().setEnvironment(name).setSlots(slots));
      return this;
    }

    /** One environment that has these labels. */
    public Builder selector(String selector) {
      return selector(selector, 1, 1);
    }

    /** So many different environments that have these labels, and so many slots of each. */
    public Builder selector(String selector, int count, int slots) {
      request.addNeeds(Need.newBuilder().setSelector(selector).setCount(count).setSlots(slots));
      return this;
    }

    /** A reservation: it enters the line at this time, ahead of all who ask later. */
    public Builder notBefore(Instant time) {
      request.setNotBefore(Times.toProto(time));
      return this;
    }

    /** Ends it then at the latest. */
    public Builder notAfter(Instant time) {
      request.setNotAfter(Times.toProto(time));
      return this;
    }

    /** For who has no process: a grant is held at once, and needs no sign of life. Goes with {@link #notAfter}. */
    public Builder autoClaim(boolean autoClaim) {
      request.setAutoClaim(autoClaim);
      return this;
    }

    /** What can take each other's place, such as the runs of one branch: see {@link #supersede}. */
    public Builder supersedeKey(String key) {
      request.setSupersedeKey(key);
      return this;
    }

    /**
     * What becomes of the caller's older leases of the same key: SUPERSEDE_PENDING ends those that wait, SUPERSEDE_HELD asks those that are held to
     * stop, too ({@link CancelRequestedException}).
     */
    public Builder supersede(Supersede supersede) {
      request.setSupersede(supersede);
      return this;
    }

    /** The pool of the environments; theirs unless given. */
    public Builder pool(String pool) {
      request.setPool(pool);
      return this;
    }

    /** How long the lease outlives its last renewal, 1 s to 30 d; 60 s, or with autoClaim until notAfter, unless given. */
    public Builder ttl(Duration ttl) {
      request.setTtl(Times.toProto(ttl));
      return this;
    }

    /** The longest it can be held, with any number of renewals; 4 h, or the environment's, unless given. */
    public Builder maxHold(Duration maxHold) {
      request.setMaxHold(Times.toProto(maxHold));
      return this;
    }

    /** Whether to stand in line for as long as it takes, as it does unless told otherwise, or to fail: at once, or after {@link #wait(Duration)}. */
    public Builder ifBusy(IfBusy ifBusy) {
      request.setIfBusy(ifBusy);
      return this;
    }

    /** With IF_BUSY_FAIL: how long to stand in line before that, 60 s at most. Nothing tells of the position meanwhile. */
    public Builder wait(Duration wait) {
      request.setWait(Times.toProto(wait));
      return this;
    }

    /** How long to wait in line; for as long as it takes unless given. */
    public Builder queueTimeout(Duration queueTimeout) {
      request.setQueueTimeout(Times.toProto(queueTimeout));
      return this;
    }

    /** How long the place in line lives without a sign of life, 1 s to 24 h; 60 s unless given. */
    public Builder ticketTtl(Duration ticketTtl) {
      request.setTicketTtl(Times.toProto(ticketTtl));
      return this;
    }

    /** How long a grant waits for a client that is out of contact, 1 s to 1 h; 5 s unless given. Then the next one is served, and this one later. */
    public Builder claimTimeout(Duration claimTimeout) {
      request.setClaimTimeout(Times.toProto(claimTimeout));
      return this;
    }

    /** -10 to 10; each step counts as ten minutes of waiting. */
    public Builder priority(int priority) {
      request.setPriority(priority);
      return this;
    }

    /** Identifies the lease over retries, also of another process; a random UUID for each hold unless given. */
    public Builder requestId(String requestId) {
      request.setRequestId(requestId);
      return this;
    }

    /** Who it is for; what is left empty is filled in from the CI system's variables, or is user@host. */
    public Builder holder(Holder holder) {
      request.setHolder(holder);
      return this;
    }

    /** What it is for; others who wait will see it. */
    public Builder reason(String reason) {
      request.setReason(reason);
      return this;
    }

    /** A free word to find it by; up to 16 of them. */
    public Builder tag(String tag) {
      request.addTags(tag);
      return this;
    }

    /** Told on the thread that waits: the lease, when it has to wait and when its place in line has changed. */
    public Builder onWaiting(Consumer<? super Lease> listener) {
      onWaiting = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Whether losing the lease interrupts the thread that called {@code hold}, as it does unless told otherwise. Switch it off where
     * another thread does the work, and stop that one by {@link HeldLease#onLost}.
     */
    public Builder interruptWhenLost(boolean interrupt) {
      interruptWhenLost = interrupt;
      return this;
    }

    /**
     * The options so far.
     *
     * @throws IllegalArgumentException if there is a {@code wait} without IF_BUSY_FAIL, or one of more than 60 s; or if something is asked for beside
     *     a ticket
     */
    public HoldOptions build() {
      if (ticket != null && !request.build().equals(AcquireRequest.getDefaultInstance())) {
        throw new IllegalArgumentException("with a ticket nothing can be set that says what is asked for: that stands already");
      }
      if (request.hasWait()) checkWait();
      return new HoldOptions(this);
    }

    private boolean isPatient() {
      return request.getAutoClaim() || (request.hasTtl() && request.hasTicketTtl() && request.hasClaimTimeout());
    }

    private void checkWait() {
      long wait = Times.nanos(request.getWait());
      if (request.getIfBusy() != IfBusy.IF_BUSY_FAIL) {
        throw new IllegalArgumentException("wait goes with IF_BUSY_FAIL; queueTimeout limits how long to stand in line");
      }
      if (wait > LONGEST_WAIT.toNanos()) {
        String length = Duration.ofNanos(wait).toString();
        throw new IllegalArgumentException("wait is " + length + ", and 60 s at most; to wait longer give queueTimeout, without IF_BUSY_FAIL");
      }
    }
  }
}
