package dev.callme.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A row of the table of CI systems; clients/README.md tells how to read one. */
final class CiSystem {
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{(\\w+)(?::(\\w+))?}");
  private static final Pattern ORIGIN = Pattern.compile("^[a-z]+://[^/]+");

  private final List<String> marks;
  private final Map<String, List<String>> facts;

  CiSystem(List<String> marks, Map<String, List<String>> facts) {
    this.marks = marks;
    this.facts = facts;
  }

  /** The system that a job with these variables runs in: by its mark, or where a container was not given that one, by its run's address. */
  static Optional<CiSystem> of(Map<String, String> env) {
    return CiSystems.ALL.stream()
        .filter(system -> system.marks.stream().anyMatch(mark -> bears(env, mark)))
        .findFirst()
        .or(() -> CiSystems.ALL.stream().filter(system -> !system.read("url", env).isEmpty()).findFirst());
  }

  /** Reads a fact; empty if it is not told. */
  String read(String fact, Map<String, String> env) {
    return facts.getOrDefault(fact, List.of()).stream().map(template -> fill(template, env)).filter(text -> !text.isEmpty()).findFirst().orElse("");
  }

  private static boolean bears(Map<String, String> env, String mark) {
    String[] parts = mark.split("=", 2);
    String value = env.getOrDefault(parts[0], "");
    return parts.length == 1 ? !value.isEmpty() : value.equals(parts[1]);
  }

  /** Empty if one of its variables is. */
  private static String fill(String template, Map<String, String> env) {
    StringBuilder text = new StringBuilder();
    Matcher variable = VARIABLE.matcher(template);
    while (variable.find()) {
      String value = filtered(env.getOrDefault(variable.group(1), ""), variable.group(2));
      if (value.isEmpty()) return "";
      variable.appendReplacement(text, Matcher.quoteReplacement(value));
    }
    return variable.appendTail(text).toString();
  }

  private static String filtered(String value, String filter) {
    if (filter == null) return value;
    switch (filter) {
      case "base":
        return value.replaceFirst("/$", "");
      case "branch":
        return value.replaceFirst("^refs/(heads|tags)/", "");
      case "origin":
        Matcher origin = ORIGIN.matcher(value);
        return origin.find() ? origin.group() : "";
      case "uri":
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
      default:
        throw new IllegalArgumentException("the table of CI systems has a filter that is not known here: " + filter);
    }
  }
}
