/** Validates names, ids and paths of requests, because they become parts of file names and plugin arguments. */
import {isAbsolute, normalize} from 'node:path';
import {InvalidRequest} from '../network/errors.ts';

const patterns = {
  // Kubernetes: RFC 1123 label and subdomain.
  namespace: /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/,
  name: /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/,
  // Becomes part of file names, so it must leave room for a prefix and suffix.
  uid: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/,
  attempt: /^[0-9]{1,10}$/,
  // CNI_CONTAINERID (CNI spec, section 2). Lease files and iptables comments contain it.
  id: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/,
} as const;

type Field = keyof typeof patterns;

export const required = (field: Field, value: string): string => {
  if (value === '') throw new InvalidRequest(`${field} is missing`);
  return optional(field, value);
};

/** Empty is allowed: proto3 cannot distinguish an empty string from an absent one. */
export const optional = (field: Field, value: string | undefined): string => {
  if (!value) return '';
  // The message does not repeat the value, which may have any content and length.
  if (!patterns[field].test(value)) throw new InvalidRequest(`invalid ${field}`);
  return value;
};

/** A normalized absolute path. Records and the netns directory decide whether the netns is ours. */
export const netnsPath = (path: string | undefined): string => {
  if (!path) return '';
  const plain = path.length <= 4096 && !path.includes('\0') && path !== '/' && normalize(path) === path;
  if (!plain || !isAbsolute(path) || path.endsWith('/')) throw new InvalidRequest('invalid netns path');
  return path;
};
