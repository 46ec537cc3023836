package dev.callme.client;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A command with all that it starts: a process group, and session, of its own, and a guard, a small process that kills the group when we die
 * without a goodbye, of SIGKILL, too. Java knows no groups, so the guard ends this one for us as well. Where there is neither setsid nor perl
 * (Windows) the command and its descendants are ended, as far as Java sees them, and nobody guards them.
 */
final class Group {
  /** Waits to be told that the guard knows its group, and becomes the command. If we die before that, nothing is run at all. */
  private static final String GATE = "stdin=$1; shift; read -r go && exec \"$@\" <\"$stdin\"";
  /** Learns whom to guard, and then how long that may take to end: at most so many tenths of a second. The end of the pipe: we are gone. */
  private static final String GUARD =
      "trap '' INT TERM HUP; read -r group || exit 0; read -r tries || { kill -9 -\"$group\"; exit; }\n"
          + "[ \"$tries\" = goodbye ] && exit; kill -TERM -\"$group\" || exit 0\n"
          + "while [ \"$tries\" -gt 0 ] && kill -0 -\"$group\"; do sleep 0.1; tries=$((tries - 1)); done; kill -9 -\"$group\"";
  private static final boolean PROC = Files.isDirectory(Path.of("/proc/self"));
  private static final List<String> SETSID = List.of("setsid");
  private static final List<String> PERL = List.of("perl", "-e", "use POSIX; setsid; exec @ARGV; exit 127");
  /** How long a process may take to be gone after SIGKILL, in ms. One that hangs in the kernel takes longer. */
  private static final long DEATH = 1_000;

  private final Process command;
  /** Null: there is none. */
  private final Process guard;
  private boolean ended;

  private Group(Process command, Process guard) {
    this.command = command;
    this.guard = guard;
  }

  /** Starts one. The streams that the builder would make pipes of are ours; but stdin, unless it comes from a file, is empty. */
  static Group start(ProcessBuilder builder) throws IOException {
    if (builder.redirectOutput() == ProcessBuilder.Redirect.PIPE) builder.redirectOutput(ProcessBuilder.Redirect.INHERIT);
    if (builder.redirectError() == ProcessBuilder.Redirect.PIPE) builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    List<String> leader = onPath("setsid") ? SETSID : onPath("perl") ? PERL : List.of();
    if (leader.isEmpty() || !Files.isExecutable(Path.of("/bin/sh"))) return new Group(builder.start(), null);
    Process guard = guard();
    try {
      List<String> given = builder.command();
      ProcessBuilder.Redirect stdin = builder.redirectInput();
      List<String> line = new ArrayList<>(leader);
      // A shell hands on only variables that it could name itself: then the command begins at once.
      boolean gated = builder.environment().keySet().stream().allMatch(name -> name.matches("[A-Za-z_]\\w*"));
      if (gated) line.addAll(List.of("/bin/sh", "-c", GATE, "call-me", stdin.file() == null ? "/dev/null" : stdin.file().getPath()));
      line.addAll(given);
      if (gated || stdin.file() == null) builder.redirectInput(ProcessBuilder.Redirect.PIPE);
      Process command = builder.command(line).start();
      builder.command(given).redirectInput(stdin);
      tell(guard, command.pid() + "\n");
      if (gated) tell(command, "go\n");
      command.getOutputStream().close();
      return new Group(command, guard);
    } catch (IOException | RuntimeException failed) {
      guard.getOutputStream().close();
      throw failed;
    }
  }

  /** Waits until the command has ended; its exit code. What it has left behind may run still: see {@link #end}. */
  int waitFor() throws InterruptedException {
    return command.waitFor();
  }

  /** Ends what is left of it: SIGTERM, after {@code grace} ms SIGKILL. Returns when it is gone; never throws, and keeps an interrupt. */
  synchronized void end(long grace) {
    if (ended) return;
    ended = true;
    if (guard == null) {
      Stream.concat(command.descendants(), Stream.of(command.toHandle())).forEach(ProcessHandle::destroyForcibly);
      settle(command);
      return;
    }
    try {
      tell(guard, lives() ? Math.max(1, grace / 100) + "\n" : "goodbye\n");
      guard.getOutputStream().close();
    } catch (IOException gone) {
      // Somebody killed the guard: then the command itself is all that can be reached.
      command.destroyForcibly();
    }
    settle(guard);
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DEATH);
    while (PROC && lives() && System.nanoTime() - until < 0) pause();
  }

  private static Process guard() throws IOException {
    List<String> line = new ArrayList<>(onPath("setsid") ? SETSID : PERL);
    line.addAll(List.of("/bin/sh", "-c", GUARD, "call-me-guard"));
    ProcessBuilder builder = new ProcessBuilder(line).directory(Path.of("/").toFile());
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    return builder.start();
  }

  private static void tell(Process process, String line) throws IOException {
    OutputStream stdin = process.getOutputStream();
    stdin.write(line.getBytes(StandardCharsets.US_ASCII));
    stdin.flush();
  }

  private static boolean onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of(path.split(":")).filter(folder -> !folder.isEmpty()).anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /** Whether any of the group runs, or nobody can tell. A zombie does not: where nobody reaps orphans (many a container) it stays for ever. */
  private boolean lives() {
    if (!PROC) return true;
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      return processes.filter(path -> Character.isDigit(path.getFileName().toString().charAt(0))).anyMatch(this::isLivingMember);
    } catch (IOException hidden) {
      return command.isAlive();
    }
  }

  private boolean isLivingMember(Path process) {
    try {
      // pid (name) state ppid pgrp …; the name may hold anything, so what counts stands behind the last bracket.
      String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return Long.parseLong(fields[2]) == command.pid() && !fields[0].equals("Z") && !fields[0].equals("X");
    } catch (IOException gone) {
      return false;
    }
  }

  private static void settle(Process process) {
    boolean interrupted = false;
    for (;;) {
      try {
        process.waitFor();
        break;
      } catch (InterruptedException later) {
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  private static void pause() {
    boolean interrupted = Thread.interrupted();
    try {
      TimeUnit.MILLISECONDS.sleep(10);
    } catch (InterruptedException later) {
      interrupted = true;
    }
    if (interrupted) Thread.currentThread().interrupt();
  }
}
