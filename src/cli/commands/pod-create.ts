/** pod create: creates more pods, and proves them like the sample pod. */

import {readFile} from 'node:fs/promises';
import {text as readAll} from 'node:stream/consumers';
import {type Cluster, nameFlag, requireAllNodes, requireCluster} from '../../cluster/cluster.ts';
import {findPod} from '../../cluster/pod.ts';
import {podsInFile} from '../../cluster/pod-file.ts';
import {createPods, podManifest, waitForPod} from '../../cluster/pods.ts';
import {proofLines, runtimeLine} from '../../cluster/proof.ts';
import {waitForProof} from '../../cluster/prove-kni.ts';
import {seconds} from '../../duration.ts';
import {UserError} from '../../errors.ts';
import {quoteCommand} from '../../host/quote.ts';
import {messageOf} from '../../thrown.ts';
import {hostAndDirs} from '../context.ts';
import {restoreFirst} from '../interrupted.ts';
import {Cancelled} from '../report.ts';
import {runOutput} from '../run-output.ts';
import {type PodWatch, watchPods} from '../watch-pods.ts';
import type {World} from '../world.ts';

export interface PodCreateOptions {
  readonly name: string;
  readonly json?: boolean;
  readonly node?: string;
  readonly image?: string;
  readonly network: readonly string[];
  readonly replicas?: number;
  /** A path, or `-` for standard input. */
  readonly filename?: string;
  /** Show the events of the pods until they are Ready. */
  readonly watch?: boolean;
}

/** `pod` is undefined for the pods of a file. */
export const podCreate = async (
  world: World,
  pod: string | undefined,
  options: PodCreateOptions,
): Promise<void> => {
  const {signal} = world;
  const {name, node} = options;
  refuseAmbiguous(pod, options);
  const wanted =
    options.filename === undefined
      ? await podsLikeSample(pod ?? 'samplepod', options)
      : await podsOfFile(options.filename);
  const {host, dirs} = hostAndDirs(world);
  const cluster = await requireCluster({host, dirs}, name, signal);
  await requireAllNodes(dirs, name, cluster.nodes);
  await restoreFirst(world, name, 'kni-demo pod create');
  if (node !== undefined) cluster.node(node); // throws when the node is unknown
  for (const path of wanted.paths) await refuseExisting(cluster, path, nameFlag(name), signal);
  const watch = options.watch
    ? watchPods(world, cluster, {name, paths: wanted.paths, json: options.json})
    : undefined;
  const {say, record} = runOutput(world, options.json);
  try {
    const results = await createAndProve(world, cluster, {...wanted, name, say, watch});
    record('result', {command: 'pod create', exitCode: 0, cluster: name, pods: results});
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Cancelled(createAgain(pod, wanted.paths, options), {cause: error});
  } finally {
    await watch?.end();
  }
};

interface Creation extends WantedPods {
  readonly name: string;
  readonly say: (line: string) => void;
  readonly watch: PodWatch | undefined;
}

/** Returns the result of each pod. */
const createAndProve = async (
  {signal}: World,
  cluster: Cluster,
  {paths, manifest, name, say, watch}: Creation,
): Promise<readonly object[]> => {
  const results: object[] = [];
  let proved = 0;
  const begun = performance.now();
  await createPods(cluster.controlPlane, manifest, signal);
  for (const path of paths) {
    const ready = await waitForPod(cluster.controlPlane, path, {signal, flag: nameFlag(name)});
    const took = performance.now() - begun;
    await watch?.shown(path);
    if (paths.length === 1) await watch?.end();
    say(`pod ${shortOf(path)} is Ready on ${ready.node} with ${ready.ips[0]} after ${seconds(took)}`);
    const result = {pod: path, node: ready.node, ips: ready.ips, ms: took};
    if (ready.hostNetwork) {
      results.push(result);
      say('it uses the network of its node, so KNI does nothing for it');
      continue;
    }
    const {evidence, checks} = await waitForProof(cluster, path, signal);
    results.push({...result, proof: [runtimeLine(evidence), ...proofLines(checks)]});
    proved += 1;
    if (paths.length > 1) continue;
    say(runtimeLine(evidence));
    for (const line of proofLines(checks)) say(line);
  }
  if (paths.length > 1 && proved > 0)
    say(`KNI gave ${proved} pods their networks: 5 checks for each pod hold`);
  return results;
};

/** A cancelled command leaves its pods, and does not replace them when it is repeated. */
const createAgain = (
  pod: string | undefined,
  paths: readonly string[],
  {name, node, image, network, replicas, filename, watch}: PodCreateOptions,
): string => {
  const given = Object.entries({node, image, replicas, filename}).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`, String(value)],
  );
  const flags = [...given, ...network.flatMap((each) => ['--network', each]), ...(watch ? ['--watch'] : [])];
  const kniDemo = (...args: readonly string[]): string =>
    `${quoteCommand(['kni-demo', args])}${nameFlag(name)}`;
  return [
    `keep the pods: ${kniDemo('pod', 'list')}`,
    `or create them again: ${kniDemo('pod', 'delete', ...paths.map(shortOf))}`,
    kniDemo('pod', 'create', ...(pod === undefined ? [] : [pod]), ...flags),
  ].join('\n');
};

interface WantedPods {
  /** `namespace/name` of each pod. */
  readonly paths: readonly string[];
  readonly manifest: string;
}

const podsLikeSample = async (
  pod: string,
  {node, image, network, replicas = 1}: PodCreateOptions,
): Promise<WantedPods> => {
  const names = replicas === 1 ? [pod] : Array.from({length: replicas}, (_, index) => `${pod}-${index + 1}`);
  const manifests = names.map((each) =>
    podManifest({
      name: each,
      ...(image !== undefined && {image}),
      ...(node !== undefined && {node}),
      ...(network.length > 0 && {annotations: {'k8s.v1.cni.cncf.io/networks': network.join(',')}}),
    }),
  );
  return {
    paths: names.map((each) => `default/${each}`),
    manifest: (await Promise.all(manifests)).join('---\n'),
  };
};

const podsOfFile = async (file: string): Promise<WantedPods> => {
  const manifest = await (file === '-' ? readAll(process.stdin) : readFile(file, 'utf8')).catch(
    (error: unknown): never => {
      throw new UserError({
        what: `cannot read ${file}`,
        why: messageOf(error),
        tryThis: 'give the path of a manifest, or - for standard input',
        code: 'KNI-E201',
      });
    },
  );
  return {paths: podsInFile(manifest, file), manifest};
};

const refuseAmbiguous = (
  pod: string | undefined,
  {filename, node, image, network, replicas}: PodCreateOptions,
): void => {
  const given = [
    ...(pod === undefined ? [] : ['a name']),
    ...Object.entries({node, image, network, replicas}).flatMap(([flag, value]) =>
      value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [`--${flag}`],
    ),
  ];
  if (filename === undefined || given.length === 0) return;
  throw new UserError({
    what: 'invalid flags',
    why: `--filename was given, and also ${given.join(', ')}`,
    tryThis: 'write it into the file, or leave out --filename',
    code: 'KNI-E217',
  });
};

const refuseExisting = async (
  {controlPlane}: Pick<Cluster, 'controlPlane'>,
  path: string,
  flag: string,
  signal: AbortSignal,
): Promise<void> => {
  const existing = await findPod(controlPlane, path, signal);
  if (existing === undefined) return;
  throw new UserError({
    what: `pod ${shortOf(path)} already exists`,
    why: existing.ready ? `it is Ready on ${existing.node} with ${existing.ips[0]}` : existing.why,
    tryThis: `choose another name, or delete it: kni-demo pod delete ${shortOf(path)}${flag}`,
    code: 'KNI-E209',
  });
};

/** Omits the namespace if it is `default`. */
const shortOf = (path: string): string => path.replace(/^default\//, '');
