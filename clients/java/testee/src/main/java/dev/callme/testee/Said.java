package dev.callme.testee;

import com.google.gson.JsonObject;
import dev.callme.client.ErrorReason;
import dev.callme.client.LeaseLostException;
import dev.callme.client.NotAcquiredException;
import dev.callme.v1.EndReason;
import io.grpc.StatusRuntimeException;
import java.util.Locale;

/** A line of stdout. */
final class Said {
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

  /** What an error of the client's is called. */
  Said outcome(Throwable error) {
    if (error instanceof Hold.BodyFailed && error.getMessage().equals("body failed")) return with("outcome", "body_failed");
    if (error instanceof InterruptedException) return with("outcome", "cancelled");
    if (error instanceof LeaseLostException) {
      if (error.getCause() instanceof Hold.BodyFailed) with("cause", error.getCause().getMessage());
      return with("outcome", "lost").with("endReason", name(((LeaseLostException) error).endReason())).with("why", error.getMessage());
    }
    if (error instanceof NotAcquiredException) {
      NotAcquiredException known = (NotAcquiredException) error;
      with("outcome", "not_acquired");
      if (known.lease().isEmpty()) return with("reason", known.reason()).with("holders", known.holders());
      return with("endReason", known.reason()).with("note", known.lease().get().getEndNote());
    }
    if (!(error instanceof StatusRuntimeException)) return with("outcome", error.toString());
    ErrorReason.of(error).ifPresent(reason -> with("reason", reason));
    with("why", error.getMessage());
    return with("outcome", ((StatusRuntimeException) error).getStatus().getCode().name().toLowerCase(Locale.ROOT));
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
