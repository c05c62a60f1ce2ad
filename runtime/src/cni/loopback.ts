/** The pod's loopback interface: up from the start, and no attachment but in records of version 1 of the state. */
export const loopbackInterface = 'lo';
