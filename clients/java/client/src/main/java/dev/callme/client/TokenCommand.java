package dev.callme.client;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A command that prints a token. */
final class TokenCommand {
  /** How long it may take, in s: Buildkite's tries five times by itself. */
  private static final long PATIENCE = 30;
  /** How much of what it says is read, in bytes. */
  private static final int LONGEST = 65_536;

  private TokenCommand() {}

  /** Where it is, by the PATH; null: nowhere. */
  static String find(String name) {
    String path = System.getenv("PATH");
    for (String folder : (path == null ? "" : path).split(File.pathSeparator)) {
      File file = new File(folder, name);
      if (file.isAbsolute() && file.isFile() && file.canExecute()) return file.getPath();
    }
    return null;
  }

  /** The token. Throws an error with a {@link TokenTrouble}: with the last line of its stderr, without what looks like a token. */
  static IdToken ask(String source, String remedy, String name, String... args) {
    String file = find(name);
    if (file == null) throw TokenTrouble.missing("no token from " + source + ": there is no command " + name + " on the PATH. " + remedy);
    List<String> line = new ArrayList<>(List.of(file));
    line.addAll(Arrays.asList(args));
    String why;
    try {
      Path words = Files.createTempFile("call-me-", ".words");
      try {
        ProcessBuilder command = new ProcessBuilder(line).redirectError(words.toFile());
        command.environment().remove("CALL_ME_API_KEY");
        Process process = command.start();
        process.getOutputStream().close();
        CompletableFuture.delayedExecutor(PATIENCE, TimeUnit.SECONDS).execute(() -> end(process));
        String told = read(process.getInputStream());
        int status = process.waitFor();
        IdToken token = status == 0 ? IdToken.of(told) : null;
        if (token != null) return token;
        why = (status == 0 ? "did not print one" : "ended with " + status) + lastLine(words);
      } finally {
        Files.deleteIfExists(words);
      }
    } catch (IOException | InterruptedException failed) {
      why = "cannot be run (" + failed.getClass().getSimpleName() + ")";
    }
    throw TokenTrouble.missing("no token from " + source + ": " + name + " " + args[0] + " " + args[1] + " " + why + ". " + remedy);
  }

  /** With all that it has started, which may hold its pipe open. */
  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private static String read(InputStream from) throws IOException {
    try (InputStream stream = from) {
      return new String(stream.readNBytes(LONGEST), StandardCharsets.UTF_8);
    }
  }

  private static String lastLine(Path words) throws IOException {
    String text = read(Files.newInputStream(words)).strip();
    String line = text.substring(text.lastIndexOf('\n') + 1).replaceAll("[\\w-]+\\.[\\w-]+\\.[\\w-]{8,}", "…").replaceAll("[\\p{Cc}\\p{Cf}]", "");
    return line.isEmpty() ? "" : " (" + line.substring(0, Math.min(200, line.length())) + ")";
  }
}
