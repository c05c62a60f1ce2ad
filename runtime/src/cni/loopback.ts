/** The pod's loopback interface. `NetnsDir.create` sets it up; only version 1 of the state recorded it as an attachment. */
export const loopbackInterface = 'lo';
