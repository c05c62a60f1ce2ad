/** The languages that `runtime new` has a template for. */
export const languages = ['typescript', 'go'] as const;
export type Language = (typeof languages)[number];
