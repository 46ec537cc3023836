package dev.callme.testee;

import com.google.gson.annotations.SerializedName;
import dev.callme.client.HoldOptions;
import dev.callme.v1.IfBusy;
import java.time.Duration;
import java.util.List;

/** A line of stdin. */
final class Order {
  int id;

  @SerializedName("do")
  String what;

  List<String> environments;
  Options options = new Options();
  private String block;
  String leaseId;
  String leaseToken;

  /** All are optional. */
  static final class Options {
    String ttl;
    String maxHold;
    String queueTimeout;
    String ticketTtl;
    boolean fail;
    String wait;
    String requestId;
    int slots;
    boolean stubborn;
    List<String> run;
  }

  /** The same for the client. */
  HoldOptions.Builder hold() {
    HoldOptions.Builder hold = HoldOptions.builder(environments.get(0), options.slots);
    for (String more : environments.subList(1, environments.size())) hold.environment(more, options.slots);
    if (options.ttl != null) hold.ttl(length(options.ttl));
    if (options.maxHold != null) hold.maxHold(length(options.maxHold));
    if (options.queueTimeout != null) hold.queueTimeout(length(options.queueTimeout));
    if (options.ticketTtl != null) hold.ticketTtl(length(options.ticketTtl));
    if (options.wait != null) hold.wait(length(options.wait));
    if (options.fail) hold.ifBusy(IfBusy.IF_BUSY_FAIL);
    if (options.requestId != null) hold.requestId(options.requestId);
    return hold;
  }

  /** How long the body blocks before it returns. */
  Duration block() {
    return block == null ? Duration.ZERO : length(block);
  }

  private static Duration length(String text) {
    return Duration.parse(text.endsWith("ms") ? "PT" + Integer.parseInt(text.substring(0, text.length() - 2)) / 1000.0 + "S" : "PT" + text);
  }
}
