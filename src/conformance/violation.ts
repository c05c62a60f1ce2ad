/** Why a check fails, or cannot be made. */

/** The runtime does not meet the requirement. */
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

/** The runtime or this machine lacks the feature that the requirement checks. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Throws Violation unless the condition holds. */
export function expectThat(condition: boolean, expected: string, observed: string): asserts condition {
  if (!condition) throw new Violation(expected, observed);
}
