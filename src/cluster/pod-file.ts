/** Reads the pods of a manifest. */

import {parseAllDocuments} from 'yaml';
import {z} from 'zod';
import {UserError} from '../errors.ts';
import {podPath} from './names.ts';

const podObject = z.looseObject({
  kind: z.literal('Pod'),
  metadata: z.looseObject({name: z.string(), namespace: z.string().default('default')}),
});

/** Returns `namespace/name` of each pod, in the order of the file. Throws UserError for anything but pods with names. */
export const podsInFile = (text: string, file: string): readonly string[] => {
  const refusal = (why: string): UserError =>
    new UserError({
      code: 'KNI-E220',
      what: `cannot create pods from ${file}`,
      why,
      tryThis: 'put only pods with a name into it; for other objects: kni-demo kubectl apply -f FILE',
    });
  const documents = parseAllDocuments(text);
  const objects = ('empty' in documents ? [] : documents).flatMap((document): unknown[] => {
    const [error] = document.errors;
    if (error) throw refusal(error.message.split('\n')[0] ?? '');
    const value: unknown = document.toJS();
    return value === null ? [] : [value];
  });
  if (objects.length === 0) throw refusal('it is empty');
  return objects.map((object, index) => {
    const pod = podObject.safeParse(object);
    if (!pod.success) throw refusal(`document ${index + 1} is not a pod with a name`);
    return podPath(`${pod.data.metadata.namespace}/${pod.data.metadata.name}`);
  });
};
