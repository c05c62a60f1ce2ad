/** The shape of manifests/stacks/*.yaml. Every version and checksum of the demo stands there, none in code. */

import ipaddr from 'ipaddr.js';
import {z} from 'zod';

const text = z.string().min(1, 'must not be empty');
/** A file name, an image name, a version: one word. */
const word = text.regex(/^\S+$/, 'must be one word');
/** `bookworm/kubernetes`: a folder below patches/, never outside of it. */
const folder = z
  .string()
  .regex(/^[a-z0-9][\w.-]*(\/[a-z0-9][\w.-]*)*$/i, 'must be a relative path such as bookworm/kubernetes');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
/** Subresource Integrity, as in a package-lock.json. */
const integrity = z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/, 'must be sha512- and 88 base64 digits');
const semver = z.string().regex(/^\d+\.\d+\.\d+$/, 'must be a version such as 1.6.20');
const debianPackages = z.array(
  z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a Debian package'),
);

/** `10.244.0.0/16` */
const ipv4Range = z.cidrv4({error: 'must be an IPv4 range such as 10.244.0.0/16', abort: true});

const overlap = (one: string, other: string): boolean => {
  const [a, b] = [ipaddr.IPv4.parseCIDR(one), ipaddr.IPv4.parseCIDR(other)];
  return a[0].match(b[0], Math.min(a[1], b[1]));
};

/** A Debian source package: what is downloaded, by name, and what it must contain. */
export const DebianSource = z.strictObject({
  package: word,
  /** With epoch and revision, as in its .dsc: `1.6.20~ds1-1+deb12u3`. */
  version: word,
  files: z
    .array(z.strictObject({name: z.string().regex(/^[^\s/]+$/, 'must be a file name'), sha256}))
    .min(1, 'must name at least one file'),
});
export type DebianSource = z.infer<typeof DebianSource>;

const npmPackage = z.strictObject({name: word, integrity});

export const Stack = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'must be lower-case letters, digits and dashes'),
  title: text,
  /** The Debian root file system that everything is built in and from. */
  base: z.strictObject({
    suite: word,
    /** Pulled where the host cannot bootstrap the suite. */
    image: word,
  }),
  /** The docker engine that `up --yes` brings along where there is none. */
  engine: z.strictObject({suite: word, packages: debianPackages.min(1), hostPackages: debianPackages}),
  kind: z.strictObject({suite: word, package: word, source: DebianSource}),
  kubernetes: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+$/, 'must be a version such as v1.20.2'),
    source: DebianSource,
    patches: folder,
    binaries: z.array(word).min(1),
  }),
  containerd: z.strictObject({version: semver, source: DebianSource, patches: folder}),
  /** Node.js for the network runtime on the nodes, from the npm registry. */
  nodejs: z.strictObject({version: semver, packages: z.strictObject({amd64: npmPackage, arm64: npmPackage})}),
  packages: z.strictObject({builder: debianPackages, node: debianPackages}),
  /** Preloaded on the nodes, under the names that kubeadm asks for. */
  images: z.strictObject({repository: word, pause: word, etcd: word, sample: word}),
  cluster: z
    .strictObject({podSubnet: ipv4Range, serviceSubnet: ipv4Range})
    .refine(({podSubnet, serviceSubnet}) => !overlap(podSubnet, serviceSubnet), {
      path: ['serviceSubnet'],
      error: 'must not overlap podSubnet',
    }),
  features: z.strictObject({coredns: z.boolean()}),
});
export type Stack = z.infer<typeof Stack>;
