package dev.callme.testee;

import com.google.gson.Gson;
import dev.callme.client.CallMe;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The testee of test/clients: does what stdin says, with nothing but this client. */
public final class Main {
  private Main() {}

  /** Runs until stdin ends. */
  public static void main(String[] args) throws IOException {
    Map<Integer, Hold> holds = new ConcurrentHashMap<>();
    Gson gson = new Gson();
    CallMe client = CallMe.connect();
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      Order order = gson.fromJson(line, Order.class);
      switch (order.what) {
        case "hold":
        case "pickUp":
          Hold hold = new Hold(client, order);
          holds.put(order.id, hold);
          hold.start();
          break;
        case "finish":
          holds.get(order.id).finish(order.block());
          break;
        case "fail":
          holds.get(order.id).fail();
          break;
        case "cancel":
          holds.get(order.id).interrupt();
          break;
        case "tell":
          holds.get(order.id).tell(order);
          break;
        case "detach":
          new Thread(() -> detach(client, order)).start();
          break;
        case "release":
          new Thread(() -> release(order)).start();
          break;
        default:
          throw new IllegalArgumentException(line);
      }
    }
    System.exit(0);
  }

  private static void detach(CallMe client, Order order) {
    try {
      Said.of(order.id, "detached").with("ticket", client.detach(order.hold().build())).say();
    } catch (InterruptedException | RuntimeException error) {
      Said.of(order.id, "ended").outcome(error).say();
    }
  }

  private static void release(Order order) {
    try (CallMe keyless = CallMe.builder().apiKey("").build()) {
      keyless.release(order.leaseId, order.leaseToken, order.facts);
      Said.of(order.id, "released").with("outcome", "ok").say();
    } catch (InterruptedException | RuntimeException error) {
      Said.of(order.id, "released").outcome(error).say();
    }
  }
}
