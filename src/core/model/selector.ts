/** Which environments a selector matches, by their labels. */

/** What one label must be. NOT_IN and ABSENT also hold where there is no such label, as in Kubernetes. */
export interface Requirement {
  readonly key: string;
  readonly operator: "IN" | "NOT_IN" | "EXISTS" | "ABSENT";
  /** Of IN and NOT_IN. */
  readonly values: readonly string[];
}

/** All of these must hold; an empty one matches everything. */
export type Selector = readonly Requirement[];

/** Whether a selector matches an environment with these labels. */
export function matches(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every((requirement) => holds(requirement, Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined));
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "IN":
      return value !== undefined && values.includes(value);
    case "NOT_IN":
      return value === undefined || !values.includes(value);
    case "EXISTS":
      return value !== undefined;
    case "ABSENT":
      return value === undefined;
  }
}
