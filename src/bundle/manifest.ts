/** The manifest of a bundle: its first file, which lists the others. */

import {z} from 'zod';

/** Names are relative to the cache, so that a bundle cannot name other paths of the machine. */
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
  /** The image's name in the version of kni-demo that saved the bundle. */
  nodeImage: z.string(),
  /** The images in `images.tar`. */
  images: z.array(z.string()).min(1),
  imagesDigest: z.string(),
  items: z.array(item),
});
export type Manifest = z.infer<typeof Manifest>;

export const manifestName = 'bundle.json';
export const imagesName = 'images.tar';
