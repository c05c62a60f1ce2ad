/** The end of a switch over a closed union: the compiler refuses a forgotten member. */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
};
