package dev.callme.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** What to say of a call that no call-me server has judged. */
final class Unheard {
  private static final String WHERE = "CALL_ME_URL, or give url";

  private Unheard() {}

  /**
   * The same error, with the address and the remedy in its words. One that a server gave its reason with comes back as it is, and so does any if
   * the address is null: the caller gave a channel, and knows.
   */
  static StatusRuntimeException named(StatusRuntimeException error, String url) {
    if (url == null || ErrorReason.of(error).isPresent() || TokenTrouble.isIn(error)) return error;
    Status status = error.getStatus();
    return new StatusRuntimeException(status.withDescription(sentence(status, url)), error.getTrailers());
  }

  private static String sentence(Status status, String url) {
    String said = saidBy(status);
    if (said.contains("NotSslRecordException") || said.contains("not an SSL/TLS record"))
      return url + " speaks clear text: set " + WHERE + ", with http:// instead of https://";
    if (said.contains("certification path") || said.contains("CertificateException") || said.contains("No subject alternative"))
      return "the certificate of " + url + " is not accepted: " + said + ". Name its authority's in javax.net.ssl.trustStore, or correct CALL_ME_URL";
    if (url.startsWith("http:") && (said.contains("Network closed") || said.contains("Connection reset") || said.contains("Broken pipe")))
      return url + " hung up (" + said + "): if it speaks TLS, set " + WHERE + ", with https:// instead of http://";
    switch (status.getCode()) {
      case UNAVAILABLE:
      case DEADLINE_EXCEEDED:
      case ABORTED:
      case CANCELLED:
        return "no answer from " + url + ": " + said + ". Is the server running there? Set " + WHERE;
      default:
        return "no proper answer from " + url + ": " + said + ". Is it a call-me server? Set " + WHERE;
    }
  }

  /** The first line of what gRPC says, and what was at the root of it: of a port where nobody listens it says "io exception", no more. */
  private static String saidBy(Status status) {
    String described = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    String first = described.lines().findFirst().orElse(described);
    Throwable root = status.getCause();
    // A cause may have made a circle.
    for (int depth = 0; depth < 32 && root != null && root.getCause() != null; depth++) root = root.getCause();
    if (root == null || root.getMessage() == null) return first;
    return first + ": " + root.getMessage().lines().findFirst().orElse("");
  }
}
