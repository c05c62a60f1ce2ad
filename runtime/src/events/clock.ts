/** The wall clock in microseconds. Date.now() has milliseconds only, which do not order the events of one call. */

/** In ms. Larger differences mean that the wall clock was set. */
const tolerance = 2;

/** `wall` and `uptime` are in ms. */
export const createClock = (
  wall: () => number = Date.now,
  uptime: () => number = () => performance.now(),
): (() => number) => {
  let origin = performance.timeOrigin;
  return () => {
    const up = uptime();
    const ahead = origin + up - wall();
    if (ahead < -tolerance || ahead > tolerance) origin = wall() - up;
    return Math.round((origin + up) * 1000);
  };
};
