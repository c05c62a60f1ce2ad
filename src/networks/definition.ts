/** The schema of manifests/networks/*.yaml: a CNI that installs itself, with its checksums, images and leftovers. */

import {z} from 'zod';
import {cniName, leftovers, neededFiles} from './network.ts';

const text = z.string().min(1, 'must not be empty');

/** From a URL with its checksum, or a file beside this one. */
const source = z.union([
  z.strictObject({
    url: z.url({protocol: /^https?$/, error: 'must be an http or https URL'}),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  }),
  z.strictObject({file: text}),
]);

export const definition = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'must be lower-case letters, digits and dashes'),
  title: text,
  cniName,
  manifest: source,
  /** All images of the manifest. With a digest, the nodes pull exactly this image. */
  images: z.array(
    z.strictObject({
      name: z
        .string()
        .regex(/^\S+:[\w.-]+$/, 'must be an image with its version, such as example.org/cni:v1.2'),
      digest: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits')
        .optional(),
    }),
  ),
  neededFiles: neededFiles.default([]),
  /** A place in a ConfigMap of the manifest, whose value must be the pod subnet of the stack. */
  podSubnet: z.strictObject({configMap: text, key: text, field: text}).optional(),
  leftovers: leftovers.prefault({}),
});
export type Definition = z.infer<typeof definition>;
