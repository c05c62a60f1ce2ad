/** How much of a test that could go on for hours is run: a taste of it usually, all of it by `npm run test:soak`. */
export const scaled = ({usual, soak}: {readonly usual: number; readonly soak: number}): number =>
  process.env['KNI_SOAK'] ? soak : usual;
