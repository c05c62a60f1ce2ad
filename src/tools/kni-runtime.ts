/** The network runtime on a node, asked by its own commands. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

const ask = (...args: readonly string[]): Command => [
  '/opt/kni/bin/node',
  ['/opt/kni/kni-runtime.mjs', ...args],
];

export const askNetworks: Command = ask('networks');
/** Only our runtime has it. */
export const inspectPod = (namespace: string, name: string): Command =>
  ask('inspect', `${namespace}/${name}`);
/** Any KNI runtime has it. */
export const querySandbox = (id: string): Command => ask('query', id);

const texts = z.record(z.string(), z.string()).default({});

const networks = z.object({
  networks: z
    .array(z.object({name: z.string(), ready: z.boolean().default(false), extradata: texts}))
    .default([]),
});
export type NodeNetwork = z.infer<typeof networks>['networks'][number];

export const parseNetworks = (stdout: string): readonly NodeNetwork[] =>
  readJson(networks, stdout, "a node's networks").networks;

const inspection = z.object({
  network: z.object({
    correlation: z.string(),
    sandbox: z.string(),
    netns: z.string(),
    state: z.string(),
    interfaces: z.array(
      z.object({
        name: z.string(),
        mac: z.string(),
        mtu: z.number(),
        network: z.string(),
        addresses: z.array(z.object({cidr: z.string(), gateway: z.string()})),
      }),
    ),
  }),
  attachments: z.array(
    z.object({
      network: z.string(),
      interface: z.string(),
      plugins: z.array(z.string()),
      hostInterfaces: z.array(z.string()),
      routes: z.array(z.object({to: z.string(), via: z.string()})),
      dns: z.object({servers: z.array(z.string()), searches: z.array(z.string())}),
    }),
  ),
});
/** What the runtime has recorded of one pod. */
export type Inspection = z.infer<typeof inspection>;

export const parseInspection = (stdout: string): Inspection =>
  readJson(inspection, stdout, 'what the runtime says of a pod');

const answer = z.object({
  ipconfigs: z.record(
    z.string(),
    z.object({ip: z.array(z.string()).default([]), mac: z.string().default(''), extradata: texts}),
  ),
  extradata: texts,
});

/** What can be known of a pod from QueryPodNetwork alone. */
export const parseQuery = (stdout: string, sandbox: string): Inspection => {
  const {ipconfigs, extradata} = readJson(answer, stdout, 'what the runtime says of a sandbox');
  const interfaces = Object.entries(ipconfigs).map(([name, {ip, mac}]) => ({
    name,
    mac,
    mtu: 0,
    network: '',
    addresses: ip.map((cidr) => ({cidr, gateway: ''})),
  }));
  const network = {correlation: '', sandbox, netns: extradata['netns'] ?? '', state: 'attached', interfaces};
  return {network, attachments: []};
};
