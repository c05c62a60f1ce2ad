/** The word that names kni-demo's own network runtime in `runtime use` and `runtime test`. */
export const ownRuntime = 'default';
