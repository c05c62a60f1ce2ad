/** A network runtime of your own. */
export const name = 'hello';
