package dev.callme.client;

import dev.callme.v1.Holder;
import dev.callme.v1.HolderKind;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Who a lease is for. */
final class Holders {
  /** The server's limit for a text, in characters. */
  private static final int LONGEST = 512;
  private static final Pattern UNSAFE =
      Pattern.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]");

  private Holders() {}

  /** What was said, field by field; else what CALL_ME_… variables say, else what the CI system tells, else user@host. */
  static Holder describe(Map<String, String> env, Holder said) {
    Optional<CiSystem> system = CiSystem.of(env);
    UnaryOperator<String> given = name -> usable(env.getOrDefault("CALL_ME_" + name, ""));
    boolean known = system.isPresent() || !given.apply("RUN_URL").isEmpty();
    Reader read = (name, fact) -> {
      if (!known) return "";
      String first = given.apply(name);
      return !first.isEmpty() ? first : usable(system.map(one -> one.read(fact, env)).orElse(""));
    };
    String repository = read.fact("REPOSITORY", "repository");
    String number = read.fact("RUN_NUMBER", "number");
    String named = repository.isEmpty() || number.isEmpty() ? user() + "@" + host() : repository + " #" + number;
    boolean inPipeline = known || !env.getOrDefault("CI", "").isEmpty();
    return Holder.newBuilder()
        .setName(or(given.apply("HOLDER"), usable(named)))
        .setKind(inPipeline ? HolderKind.HOLDER_KIND_PIPELINE : HolderKind.HOLDER_KIND_HUMAN)
        .setRunUrl(read.fact("RUN_URL", "url"))
        .setRepository(repository)
        .setRef(read.fact("REF", "ref"))
        .setSha(read.fact("SHA", "sha"))
        .setJob(read.fact("JOB", "job"))
        .setActor(read.fact("ACTOR", "actor"))
        // What is empty in it overwrites nothing.
        .mergeFrom(said)
        .build();
  }

  /** What a variable says over the CI system's fact. */
  private interface Reader {
    String fact(String variable, String fact);
  }

  /** As the server takes a text: without control and bidirectional characters, and cut to its limit. */
  private static String usable(String text) {
    String plain = UNSAFE.matcher(text).replaceAll("");
    int[] characters = plain.codePoints().limit(LONGEST).toArray();
    return new String(characters, 0, characters.length);
  }

  private static String or(String first, String second) {
    return first.isEmpty() ? second : first;
  }

  static String user() {
    // Java's word for a number that no account has is a question mark.
    String name = System.getProperty("user.name", "?");
    return name.equals("?") ? "someone" : name;
  }

  /** InetAddress may ask a name server, and wait for it: so it comes last. */
  static String host() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).trim();
    } catch (IOException elsewhere) {
      String told = or(System.getenv().getOrDefault("HOSTNAME", ""), System.getenv().getOrDefault("COMPUTERNAME", ""));
      return told.isEmpty() ? asked() : told;
    }
  }

  private static String asked() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (IOException nameless) {
      return "localhost";
    }
  }
}
