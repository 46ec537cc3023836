package dev.callme.testee;

import com.google.gson.annotations.SerializedName;
import dev.callme.client.HoldOptions;
import dev.callme.client.Ticket;
import dev.callme.v1.Holder;
import dev.callme.v1.IfBusy;
import dev.callme.v1.Supersede;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A line of stdin. */
final class Order {
  int id;

  @SerializedName("do")
  String what;

  List<String> environments = List.of();
  List<Selector> selectors = List.of();
  TicketTold ticket;
  Map<String, String> facts = Map.of();
  boolean atRelease;
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
    String claimTimeout;
    String pool;
    String notBefore;
    String notAfter;
    boolean autoClaim;
    String supersedeKey;
    String supersede;
    String holder;
  }

  /** A need by labels. */
  static final class Selector {
    String selector;
    int count;
    int slots;
  }

  /** As the protocol writes it. */
  static final class TicketTold {
    String leaseId;
    String leaseToken;
    String requestId;
  }

  /** The same for the client. */
  HoldOptions.Builder hold() {
    if (ticket != null) return HoldOptions.builder(new Ticket(ticket.leaseId, ticket.leaseToken, ticket.requestId));
    HoldOptions.Builder hold = needs();
    if (options.claimTimeout != null) hold.claimTimeout(length(options.claimTimeout));
    if (options.pool != null) hold.pool(options.pool);
    if (options.notBefore != null) hold.notBefore(Instant.parse(options.notBefore));
    if (options.notAfter != null) hold.notAfter(Instant.parse(options.notAfter));
    if (options.autoClaim) hold.autoClaim(true);
    if (options.supersedeKey != null) hold.supersedeKey(options.supersedeKey);
    if (options.supersede != null) hold.supersede(Supersede.valueOf("SUPERSEDE_" + options.supersede));
    if (options.holder != null) hold.holder(Holder.newBuilder().setName(options.holder).build());
    if (options.ttl != null) hold.ttl(length(options.ttl));
    if (options.maxHold != null) hold.maxHold(length(options.maxHold));
    if (options.queueTimeout != null) hold.queueTimeout(length(options.queueTimeout));
    if (options.ticketTtl != null) hold.ticketTtl(length(options.ticketTtl));
    if (options.wait != null) hold.wait(length(options.wait));
    if (options.fail) hold.ifBusy(IfBusy.IF_BUSY_FAIL);
    if (options.requestId != null) hold.requestId(options.requestId);
    return hold;
  }

  private HoldOptions.Builder needs() {
    HoldOptions.Builder hold = environments.isEmpty() ? null : HoldOptions.builder(environments.get(0), options.slots);
    for (String more : environments.subList(Math.min(1, environments.size()), environments.size())) hold.environment(more, options.slots);
    for (Selector one : selectors) {
      int count = Math.max(1, one.count);
      int slots = Math.max(1, one.slots);
      hold = hold == null ? HoldOptions.selecting(one.selector, count, slots) : hold.selector(one.selector, count, slots);
    }
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
