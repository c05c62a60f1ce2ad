/** The manifest of a CNI that installs itself: its objects, its images, and its setting for the range of all pods. */

import {parseAllDocuments, stringify} from 'yaml';
import {z} from 'zod';
import type {Definition} from './definition.ts';

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({name: z.string()}),
});
const configMap = object.extend({kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string())});
export type ManifestObject = z.infer<typeof object>;

/** Throws Error whose message says what is wrong. */
export const parseManifest = (text: string): readonly ManifestObject[] => {
  const objects = parseAllDocuments(text).flatMap((document): unknown[] => {
    const [broken] = document.errors;
    if (broken) throw new Error(broken.message);
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
  if (objects.length === 0) throw new Error('it has no objects');
  return objects.map((each, index) => {
    const found = object.safeParse(each);
    if (!found.success) throw new Error(`object ${index + 1} has no apiVersion, kind or name`);
    return found.data;
  });
};

/** In the order in which `kubectl apply` creates them. */
export const manifestText = (objects: readonly ManifestObject[]): string =>
  objects.map((each) => stringify(each)).join('---\n');

/** Only a DaemonSet reaches every node. */
export const hasDaemonSet = (objects: readonly ManifestObject[]): boolean =>
  objects.some(({kind}) => kind === 'DaemonSet');

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
