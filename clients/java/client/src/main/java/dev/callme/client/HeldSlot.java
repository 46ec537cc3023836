package dev.callme.client;

import java.util.Map;

/** One slot of an environment that is held. Whoever prints it sees no variables. */
public final class HeldSlot {
  private final int index;
  private final Map<String, String> variables;

  HeldSlot(int index, Map<String, String> variables) {
    this.index = index;
    this.variables = Map.copyOf(variables);
  }

  /** Counted from 0, on its environment. */
  public int index() {
    return index;
  }

  /** What the slot gives its holder: its own variables, and those of the environment that it has none of its own for. */
  public Map<String, String> variables() {
    return variables;
  }

  @Override
  public String toString() {
    return "HeldSlot{" + index + "}";
  }
}
