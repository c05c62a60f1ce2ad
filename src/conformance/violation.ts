/** Why a check fails, or cannot be made. */

/** The runtime did not do what the requirement says. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** A sentence in lower case without a full stop. */
  readonly expected: string;
  readonly observed: string;

  constructor(expected: string, observed: string) {
    super(`expected ${expected}; ${observed}`);
    this.expected = expected;
    this.observed = observed;
  }
}

/** The runtime or this machine does not have what the requirement is about. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Throws Violation unless the condition holds. */
export function expectThat(condition: boolean, expected: string, observed: string): asserts condition {
  if (!condition) throw new Violation(expected, observed);
}
