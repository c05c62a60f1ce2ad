/** Takes names, ids and paths out of requests. They end in file names and plugin arguments, so none is trusted. */
import {isAbsolute, normalize} from 'node:path';
import {InvalidRequest} from '../network/errors.ts';

const patterns = {
  // Kubernetes: RFC 1123 label and subdomain.
  namespace: /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/,
  name: /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/,
  // Part of file names, with room for what is put around it.
  uid: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/,
  attempt: /^[0-9]{1,10}$/,
  // CNI spec, section 2: CNI_CONTAINERID. Leases and iptables chains are made of it.
  id: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/,
} as const;

type Field = keyof typeof patterns;

export const required = (field: Field, value: string): string => {
  if (value === '') throw new InvalidRequest(`${field} is missing`);
  return optional(field, value);
};

/** Empty stays empty: proto3 does not tell an empty string from an absent one. */
export const optional = (field: Field, value: string | undefined): string => {
  if (!value) return '';
  // Not repeated in the message: it may be anything, of any length.
  if (!patterns[field].test(value)) throw new InvalidRequest(`invalid ${field}`);
  return value;
};

/** A plain absolute path. Whether it is one of ours is for the records and the netns directory to say. */
export const netnsPath = (path: string | undefined): string => {
  if (!path) return '';
  const plain = path.length <= 4096 && !path.includes('\0') && path !== '/' && normalize(path) === path;
  if (!plain || !isAbsolute(path) || path.endsWith('/')) throw new InvalidRequest('invalid netns path');
  return path;
};
