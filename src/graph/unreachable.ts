/** For the default of a switch over a closed union: the compiler then reports a missing case. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};
