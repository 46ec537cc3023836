package dev.callme.client;

import dev.callme.v1.LeasedEnvironment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An environment that is held. Whoever prints it sees no variables. */
public final class HeldEnvironment {
  private final String name;
  private final List<HeldSlot> slots;
  private final Map<String, String> variables;
  private final Set<String> secretVariables;

  HeldEnvironment(LeasedEnvironment leased) {
    this.name = leased.getName();
    this.variables = Map.copyOf(leased.getVariablesMap());
    this.secretVariables = Set.copyOf(leased.getSecretVariablesList());
    List<HeldSlot> held = new ArrayList<>();
    for (int nth = 0; nth < leased.getSlotIndexesCount(); nth++) {
      Map<String, String> all = new HashMap<>(leased.getVariablesMap());
      if (nth < leased.getSlotVariablesCount()) all.putAll(leased.getSlotVariables(nth).getVariablesMap());
      held.add(new HeldSlot(leased.getSlotIndexes(nth), all));
    }
    this.slots = List.copyOf(held);
  }

  /** Its name: of a selector, what was chosen. */
  public String name() {
    return name;
  }

  /** Those of its slots that are held. */
  public List<HeldSlot> slots() {
    return slots;
  }

  /** What the environment gives its holder, such as URL. What only a slot gives is in the slot's own. */
  public Map<String, String> variables() {
    return variables;
  }

  /** The names of those variables, of the environment or a slot, whose values no log may show. */
  public Set<String> secretVariables() {
    return secretVariables;
  }

  @Override
  public String toString() {
    return "HeldEnvironment{" + name + ", " + slots + "}";
  }
}
