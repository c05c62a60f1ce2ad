/** The schema of manifests/stacks/*.yaml. The stack files, and not the code, pin every version and checksum. */

import {z} from 'zod';
import {overlap} from '../ip-ranges.ts';

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

/** A Debian source package: the files to download, with their checksums. */
const DebianSource = z.strictObject({
  from: z.literal('debian'),
  package: word,
  /** With epoch and revision, as in its .dsc: `1.6.20~ds1-1+deb12u3`. */
  version: word,
  files: z
    .array(z.strictObject({name: z.string().regex(/^[^\s/]+$/, 'must be a file name'), sha256}))
    .min(1, 'must name at least one file'),
});
export type DebianSource = z.infer<typeof DebianSource>;

/** A release in a git repository: its tag, and the commit that the tag must name. */
const GitSource = z.strictObject({
  from: z.literal('git'),
  url: z.string().regex(/^(?:https|ssh|file):\/\/\S+$/, 'must be a git URL such as https://host/owner/name'),
  tag: z.string().regex(/^\w[\w.-]*$/, 'must be the name of a tag'),
  commit: z.string().regex(/^[0-9a-f]{40}$/, 'must be 40 lower-case hexadecimal digits'),
});
export type GitSource = z.infer<typeof GitSource>;

const Source = z.discriminatedUnion('from', [DebianSource, GitSource], 'must be debian or git');
export type Source = z.infer<typeof Source>;

/** The name of a source's release: a Debian version, or a tag. */
export const releaseOf = (source: Source): string => (source.from === 'git' ? source.tag : source.version);

/** A node image that kni-demo builds from Debian packages and kind's sources. */
const BuiltNode = z.strictObject({
  from: z.literal('debian'),
  /** kind's own sources, for the image's entrypoint, units and configuration. */
  kind: DebianSource,
  packages: debianPackages,
  /** Images that are preloaded on the nodes, with the names that kubeadm expects. */
  images: z.strictObject({repository: word, pause: word, etcd: word}),
});

/** A node image that kind has published. kni-demo replaces its kubelet and containerd. */
const PublishedNode = z.strictObject({
  from: z.literal('image'),
  image: z
    .string()
    .regex(
      /^[a-z0-9][\w.:/-]*:v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/,
      'must be an image with its version and digest, such as kindest/node:v1.36.4@sha256:…',
    ),
});
export type BuiltNode = z.infer<typeof BuiltNode>;
export type PublishedNode = z.infer<typeof PublishedNode>;

/** `kindest/node:v1.36.4@sha256:…` → `v1.36.4` */
const versionOfImage = (image: string): string | undefined => /:(v[\d.]+)@/.exec(image)?.[1];

const npmPackage = z.strictObject({name: word, integrity});

const Fields = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'must be lower-case letters, digits and dashes'),
  title: text,
  /** The Debian root file system of the build containers and of node images. */
  base: z.strictObject({
    suite: word,
    /** Pulled if the host cannot bootstrap the suite. */
    image: word,
  }),
  /** The docker engine that `up --yes` unpacks on a machine without one. */
  engine: z.strictObject({suite: word, packages: debianPackages.min(1), hostPackages: debianPackages}),
  /** The oldest kind that supports this Kubernetes, and a Debian package of kind. */
  kind: z.strictObject({minimum: semver, suite: word, package: word}),
  kubernetes: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+$/, 'must be a version such as v1.20.2'),
    source: Source,
    patches: folder,
    /** The CRI version that its kubelet speaks. It selects the adapter of patches/kni. */
    cri: z.enum(['v1alpha2', 'v1'], 'must be v1alpha2 or v1'),
    binaries: z.array(word).min(1),
  }),
  containerd: z.strictObject({
    version: semver,
    source: Source,
    patches: folder,
    /** The Debian source package whose build dependencies provide the libraries that the vendor tree lacks. */
    buildDependencies: word.optional(),
  }),
  builder: z.strictObject({
    packages: debianPackages,
    go: z.strictObject({
      /** How the sources are built: in a GOPATH, or as modules with their vendor tree. */
      layout: z.enum(['gopath', 'modules'], 'must be gopath or modules'),
      /** Another suite to install Go from, if the Go of the base is too old. */
      newer: z
        .strictObject({
          suite: word,
          version: z.string().regex(/^\d+\.\d+$/, 'must be a version such as "1.26"'),
        })
        .optional(),
    }),
  }),
  /** Node.js for the network runtime on the nodes, from the npm registry. */
  nodejs: z.strictObject({version: semver, packages: z.strictObject({amd64: npmPackage, arm64: npmPackage})}),
  node: z.discriminatedUnion('from', [BuiltNode, PublishedNode], 'must be debian or image'),
  cluster: z
    .strictObject({
      podSubnet: ipv4Range,
      serviceSubnet: ipv4Range,
      /** Fields of the KubeletConfiguration that differ from kind's defaults. */
      kubelet: z.record(z.string(), z.json()).optional(),
    })
    .refine(({podSubnet, serviceSubnet}) => !overlap(podSubnet, serviceSubnet), {
      path: ['serviceSubnet'],
      error: 'must not overlap podSubnet',
    }),
  features: z.strictObject({coredns: z.boolean()}),
});

/** Also refuses mixed releases: programs of one release on a node of another would fail late, with unclear errors. */
export const Stack = Fields.superRefine(({kubernetes, containerd, node}, context) => {
  const refuse = (path: readonly string[], message: string): void =>
    context.addIssue({code: 'custom', path: [...path], message});
  if (node.from === 'image' && versionOfImage(node.image) !== kubernetes.version)
    refuse(['node', 'image'], `must have the version of kubernetes, ${kubernetes.version}`);
  const tags = {kubernetes: kubernetes.version, containerd: `v${containerd.version}`} as const;
  for (const [component, tag] of Object.entries(tags)) {
    const {source} = component === 'kubernetes' ? kubernetes : containerd;
    if (source.from === 'git' && source.tag !== tag)
      refuse([component, 'source', 'tag'], `must be ${tag}, the version of ${component}`);
  }
});
export type Stack = z.infer<typeof Stack>;
