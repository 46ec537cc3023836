package dev.callme.testee;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.callme.client.CancelRequestedException;
import dev.callme.client.ErrorReason;
import dev.callme.client.HeldEnvironment;
import dev.callme.client.HeldLease;
import dev.callme.client.HeldSlot;
import dev.callme.client.LeaseLostException;
import dev.callme.client.NotAcquiredException;
import dev.callme.client.Ticket;
import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;
import io.grpc.StatusRuntimeException;
import java.util.Locale;

/** A line of stdout. */
final class Said {
  private static final Gson GSON = new Gson();

  private final JsonObject facts = new JsonObject();

  private Said() {}

  static Said of(int id, String event) {
    Said said = new Said();
    said.facts.addProperty("id", id);
    return said.with("event", event);
  }

  Said with(String name, String value) {
    facts.addProperty(name, value);
    return this;
  }

  Said with(String name, Number value) {
    facts.addProperty(name, value);
    return this;
  }

  Said with(String name, Ticket ticket) {
    JsonObject told = new JsonObject();
    told.addProperty("leaseId", ticket.leaseId());
    told.addProperty("leaseToken", ticket.leaseToken());
    told.addProperty("requestId", ticket.requestId());
    facts.add(name, told);
    return this;
  }

  /** What is told of a lease, and the lease in each of the ways in which Java makes a text of a value. */
  Said held(HeldLease lease) {
    with("leaseId", lease.id()).with("leaseToken", lease.token()).with("fencingToken", Long.toUnsignedString(lease.fencingToken()));
    JsonArray environments = new JsonArray();
    for (HeldEnvironment one : lease.environments()) environments.add(given(one));
    facts.add("environments", environments);
    return with("printed", lease + " " + lease.environments() + " " + lease.lease());
  }

  private static JsonObject given(HeldEnvironment environment) {
    JsonArray slots = new JsonArray();
    for (HeldSlot one : environment.slots()) {
      JsonObject slot = new JsonObject();
      slot.addProperty("index", one.index());
      slot.add("variables", GSON.toJsonTree(one.variables()));
      slots.add(slot);
    }
    JsonObject told = new JsonObject();
    told.addProperty("name", environment.name());
    told.add("variables", GSON.toJsonTree(environment.variables()));
    told.add("slots", slots);
    told.add("secretVariables", GSON.toJsonTree(environment.secretVariables()));
    return told;
  }

  /** What an error of the client's is called. */
  Said outcome(Throwable error) {
    if (error instanceof Hold.BodyFailed && error.getMessage().equals("body failed")) return with("outcome", "body_failed");
    if (error instanceof InterruptedException) return with("outcome", "cancelled");
    if (error instanceof LeaseLostException) {
      if (error.getCause() instanceof Hold.BodyFailed) with("cause", error.getCause().getMessage());
      return with("outcome", "lost").with("endReason", name(((LeaseLostException) error).endReason())).with("why", error.getMessage());
    }
    if (error instanceof CancelRequestedException) {
      CancelRequestedException asked = (CancelRequestedException) error;
      with("by", asked.by().getHolder().getName()).with("why", asked.reason());
      asked.deadline().ifPresent(deadline -> with("deadline", deadline.getEpochSecond()));
      return with("outcome", "cancel_requested");
    }
    if (error instanceof NotAcquiredException) {
      NotAcquiredException known = (NotAcquiredException) error;
      with("outcome", "not_acquired");
      if (known.lease().isEmpty()) return with("reason", known.reason()).with("holders", known.holders());
      return with("endReason", known.reason()).with("note", noteOf(known));
    }
    if (!(error instanceof StatusRuntimeException)) return with("outcome", error.toString());
    ErrorReason.of(error).ifPresent(reason -> with("reason", reason));
    with("why", error.getMessage());
    return with("outcome", ((StatusRuntimeException) error).getStatus().getCode().name().toLowerCase(Locale.ROOT));
  }

  private static String noteOf(NotAcquiredException error) {
    return error.lease().map(Lease::getEndNote).filter(note -> !note.isEmpty()).orElse(error.getMessage());
  }

  /** Writes it at once, a whole line. */
  void say() {
    synchronized (System.out) {
      System.out.println(facts);
      System.out.flush();
    }
  }

  private static String name(EndReason reason) {
    return reason == EndReason.END_REASON_UNSPECIFIED ? "" : reason.name().replaceFirst("^END_REASON_", "");
  }
}
