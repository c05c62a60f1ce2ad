/** The manifest of a CNI that installs itself: its objects, its images, and its setting for the range of all pods. */

import {parseAllDocuments, type Tags} from 'yaml';
import {z} from 'zod';
import type {Definition} from './definition.ts';

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({name: z.string(), namespace: z.string().nullish()}),
});
const objectList = z.looseObject({kind: z.string().endsWith('List'), items: z.array(z.unknown())});
const configMap = object.extend({kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string())});
export type ManifestObject = z.infer<typeof object>;

/** kubectl reads YAML 1.1, in which `0644` is octal, but neither dates nor numbers such as `1:30`. */
const tagsOfKubectl = (tags: Tags): Tags =>
  tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      (tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')),
  );

/** The objects of all documents and lists. Throws Error whose message says what is wrong. */
export const parseManifest = (text: string): readonly ManifestObject[] => {
  if (/^\s*<(?:!doctype|html)/i.test(text))
    throw new Error('it is a web page; of a file on a web site, the address of the raw file is needed');
  const objects = parseAllDocuments(text, {version: '1.1', customTags: tagsOfKubectl}).flatMap(
    (document): unknown[] => {
      const [broken] = document.errors;
      if (broken) throw new Error(broken.message.split('\n')[0]?.replace(/:$/, ''));
      const value: unknown = document.toJS();
      return value === null ? [] : itemsOf(value);
    },
  );
  if (objects.length === 0) throw new Error('it has no objects');
  return objects.map((each, index) => {
    const found = object.safeParse(each);
    if (!found.success) throw new Error(`object ${index + 1} has no apiVersion, kind or name`);
    return found.data;
  });
};

const itemsOf = (value: unknown): unknown[] => {
  const list = objectList.safeParse(value);
  return list.success ? list.data.items.flatMap(itemsOf) : [value];
};

/** For kubectl, in the order in which it creates them. JSON, because strings such as `yes` mean the same in all its versions. */
export const manifestText = (items: readonly ManifestObject[]): string =>
  JSON.stringify({apiVersion: 'v1', kind: 'List', items});

const daemonSet = object.extend({
  kind: z.literal('DaemonSet'),
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        hostNetwork: z.boolean().nullish(),
        tolerations: z
          .array(z.looseObject({key: z.string().nullish(), effect: z.string().nullish()}))
          .nullish(),
      }),
    }),
  }),
});

/** kubeadm gives it to the control plane. Its first name is that of Kubernetes up to 1.24. */
const controlPlaneTaint = /^node-role\.kubernetes\.io\/(master|control-plane)$/;

/** Throws Error unless a DaemonSet's pods start on every node before the node has a network. */
export const refuseUnableToInstall = (objects: readonly ManifestObject[]): void => {
  if (!objects.some(({kind}) => kind === 'DaemonSet'))
    throw new Error('it has no DaemonSet, which could install a CNI on every node');
  const pods = objects.flatMap((each) => {
    const found = daemonSet.safeParse(each);
    return found.success ? [found.data.spec.template.spec] : [];
  });
  const early = pods.filter(({hostNetwork}) => hostNetwork === true);
  if (early.length === 0)
    throw new Error(
      'no DaemonSet has hostNetwork: true, so its pods wait for the network that they would install',
    );
  const reachesAll = early.some(({tolerations}) =>
    tolerations?.some(
      ({key, effect}) => (!key || controlPlaneTaint.test(key)) && (!effect || effect === 'NoSchedule'),
    ),
  );
  if (!reachesAll)
    throw new Error('no DaemonSet tolerates the taint of the control plane, which would get no network');
};

/** The same objects with the digests of the pinned images. Throws Error for an image that is not pinned. */
export const pinImages = (
  objects: readonly ManifestObject[],
  images: Definition['images'],
): readonly ManifestObject[] => {
  const pinned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(pinned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]): [string, unknown] => [
        key,
        key === 'image' && typeof inner === 'string' ? pinnedName(inner, images) : pinned(inner),
      ]),
    );
  };
  return objects.map((each) => (each.kind === 'ConfigMap' ? each : object.parse(pinned(each))));
};

const pinnedName = (image: string, images: Definition['images']): string => {
  const found = images.find(({name}) => name === image);
  if (found === undefined) throw new Error(`it uses the image ${image}, which is not pinned`);
  return found.digest === undefined ? image : `${image}@${found.digest}`;
};

/** The value of a field in the JSON text of a ConfigMap; undefined if it is missing. */
export const settingIn = (
  objects: readonly ManifestObject[],
  {configMap: name, key, field}: NonNullable<Definition['podSubnet']>,
): unknown => {
  for (const each of objects) {
    const found = configMap.safeParse(each);
    if (!found.success || found.data.metadata.name !== name) continue;
    const text = found.data.data[key];
    if (text !== undefined) return z.record(z.string(), z.unknown()).parse(JSON.parse(text))[field];
  }
  return undefined;
};
