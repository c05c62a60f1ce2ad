/** The stack of a new cluster: it needs only a Debian mirror, and CI proves it for each change. */
export const defaultStack = 'bookworm';
