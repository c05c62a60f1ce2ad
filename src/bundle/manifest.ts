/** What a bundle holds: the first file in it. */

import {z} from 'zod';

/** Relative to the cache on both machines, so that nothing else can be named. */
const item = z.strictObject({
  name: z.string().regex(/^(?:artifacts|tools)\/[a-z0-9][\w.-]*$/i, 'must lie in artifacts/ or tools/'),
  /** See `digestOfTree`. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BundleItem = z.infer<typeof item>;

export const bundleFormat = 1;

export const Manifest = z.strictObject({
  format: z.literal(bundleFormat, 'is of another version of kni-demo'),
  stack: z.string(),
  architecture: z.string(),
  /** By the name that this version of kni-demo gives it. */
  nodeImage: z.string(),
  /** The images in `images.tar`. */
  images: z.array(z.string()).min(1),
  imagesDigest: z.string(),
  items: z.array(item),
});
export type Manifest = z.infer<typeof Manifest>;

export const manifestName = 'bundle.json';
export const imagesName = 'images.tar';
