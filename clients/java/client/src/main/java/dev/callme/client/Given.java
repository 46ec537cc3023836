package dev.callme.client;

import dev.callme.v1.Lease;
import dev.callme.v1.LeasedEnvironment;
import dev.callme.v1.LeasedSlot;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What environments give to a command that runs on them. */
final class Given {
  /** What such variables begin with. */
  static final String PREFIX = "CALL_ME_VAR_";

  private Given() {}

  /** A lease as it may be printed: without the variables. */
  static Lease without(Lease lease) {
    Lease.Builder plain = lease.toBuilder();
    for (LeasedEnvironment.Builder one : plain.getEnvironmentsBuilderList()) one.clearVariables().clearSlotVariables();
    return plain.build();
  }

  /** Those that the server has no value for: "PASSWORD of uat". Nobody is to begin without them. */
  static List<String> missing(Lease lease) {
    return lease.getEnvironmentsList().stream()
        .flatMap(one -> one.getMissingVariablesList().stream().map(name -> name + " of " + one.getName()))
        .collect(Collectors.toList());
  }

  /** The indexes of all slots: those of an environment with spaces between them, environments with commas. */
  static String slots(List<LeasedEnvironment> leased) {
    return leased.stream()
        .map(one -> one.getSlotIndexesList().stream().map(String::valueOf).collect(Collectors.joining(" ")))
        .collect(Collectors.joining(","));
  }

  /**
   * The variables of all environments of a lease. What has one value is given by its name alone: CALL_ME_VAR_URL. What has several is given
   * with the environment, if there are several (CALL_ME_VAR_URL_UAT), and with the slot's index, if slots of it differ, or
   * only some have it (CALL_ME_VAR_SERIAL_3). Where two values would still have one name, neither is given: a command shall rather miss one than take the wrong one.
   */
  static Map<String, String> variables(List<LeasedEnvironment> leased) {
    Map<String, String> plain = new HashMap<>();
    Map<String, Set<String>> apart = new HashMap<>();
    for (String name : names(leased)) {
      Set<String> values = leased.stream().flatMap(one -> values(one, name).values().stream()).collect(Collectors.toSet());
      boolean ofSlots = leased.stream().anyMatch(one -> !Set.of("").containsAll(values(one, name).keySet()));
      if (values.size() == 1 && !ofSlots) {
        plain.put(name, values.iterator().next());
        continue;
      }
      for (LeasedEnvironment one : leased) {
        String place = leased.size() > 1 ? "_" + spelled(one.getName()) : "";
        values(one, name).forEach((suffix, value) -> apart.computeIfAbsent(name + place + suffix, key -> new LinkedHashSet<>()).add(value));
      }
    }
    apart.forEach((key, values) -> {
      if (values.size() == 1) plain.putIfAbsent(key, values.iterator().next());
    });
    return plain.entrySet().stream().collect(Collectors.toMap(entry -> PREFIX + entry.getKey(), Map.Entry::getValue));
  }

  private static Set<String> names(List<LeasedEnvironment> leased) {
    Set<String> names = new TreeSet<>();
    for (LeasedEnvironment one : leased) {
      names.addAll(one.getVariablesMap().keySet());
      for (LeasedSlot slot : one.getSlotVariablesList()) names.addAll(slot.getVariablesMap().keySet());
    }
    return names;
  }

  /** Those of one variable on one environment by what tells them apart: one, or one for each slot where these differ. */
  private static Map<String, String> values(LeasedEnvironment leased, String name) {
    String general = leased.getVariablesMap().get(name);
    Map<String, String> bySlot = new LinkedHashMap<>();
    for (int nth = 0; nth < Math.min(leased.getSlotIndexesCount(), leased.getSlotVariablesCount()); nth++) {
      String value = leased.getSlotVariables(nth).getVariablesMap().getOrDefault(name, general);
      if (value != null) bySlot.put("_" + Integer.toUnsignedString(leased.getSlotIndexes(nth)), value);
    }
    if (leased.getSlotVariablesCount() == 0) return general == null ? Map.of() : Map.of("", general);
    boolean same = Set.copyOf(bySlot.values()).size() == 1 && bySlot.size() == leased.getSlotVariablesCount();
    return same ? Map.of("", bySlot.values().iterator().next()) : bySlot;
  }

  /** The name of an environment within that of a variable: `rack-a/7` is RACK_A_7. */
  private static String spelled(String environment) {
    return environment.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
  }
}
