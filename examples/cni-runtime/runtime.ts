/** A network runtime that runs CNI plugins: those of the first configuration list in /etc/cni/net.d, for eth0 of each pod. */

import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {
  type Attachment,
  createCni,
  openNetns,
  openPods,
  type PodNetwork,
  RpcError,
  readSettings,
  serve,
} from 'kni-demo/sdk';

type Pod = PodNetwork<Attachment>;

const configDir = process.env['CNI_CONF_DIR'] ?? '/etc/cni/net.d';
const settings = readSettings();
const netns = await openNetns(settings);
const pods = await openPods<Attachment>(settings);
const cni = createCni({binDirs: (process.env['CNI_PATH'] ?? '/opt/cni/bin:/usr/lib/cni').split(':')});

const lists = (): readonly string[] =>
  existsSync(configDir) ? readdirSync(configDir).filter((name) => name.endsWith('.conflist')) : [];
const missing = {reason: 'CNIConfigMissing', message: `${configDir} has no network configuration`};

/** Read for each pod: a new file counts for the next pod, and DEL gets the configuration of its ADD from the record. */
const configuration = (): string => {
  const [first] = [...lists()].sort();
  if (first === undefined) throw new RpcError('FAILED_PRECONDITION', missing.message);
  return readFileSync(`${configDir}/${first}`, 'utf8');
};

const targetOf = ({sandbox = '', netns: path}: Pod) => ({sandbox, netns: netns.exists(path) ? path : ''});
const answerOf = ({data, netns: path}: Pod) => ({ipconfigs: data ? cni.interfaces(data, path) : {}});

const detach = async (pod: Pod): Promise<void> => {
  if (!pod.data) return;
  const detaching = await pods.write({...pod, state: 'detaching'});
  await cni.del(pod.data, targetOf(pod));
  await pods.write({...detaching, state: 'detached', data: undefined});
};

await serve(
  {
    async createNetwork(request) {
      const pod = await pods.create(request);
      await netns.create(pod.netns);
      return {netnsPath: pod.netns};
    },
    async attachInterface(request) {
      const pod = pods.toAttach(request);
      if (pod.state === 'attached') return answerOf(pod);
      const {namespace, name, uid} = pod;
      if (pod.data) await cni.del(pod.data, targetOf(pod)); // an earlier ADD failed or was interrupted
      const args = {IgnoreUnknown: '1', K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name, K8S_POD_UID: uid};
      const attachment = cni.attachment(configuration(), 'eth0', {args});
      const attaching = await pods.write({...pod, sandbox: request.id, state: 'attaching', data: attachment});
      const added = await cni.add(attachment, targetOf(attaching)).catch(async (error: unknown) => {
        await pods.write({...attaching, state: 'created', data: cni.leftoverOf(error)});
        throw error;
      });
      return answerOf(await pods.write({...attaching, state: 'attached', data: added}));
    },
    async queryPodNetwork(request) {
      return answerOf(pods.attached(request));
    },
    async detachInterface(request) {
      const pod = pods.toRemove(request);
      if (pod) await detach(pod);
    },
    async deleteNetwork(request) {
      const pod = pods.toRemove(request);
      if (!pod) return;
      await detach(pod);
      await netns.remove(pod.netns);
      await pods.remove(pod);
    },
    async setupNodeNetwork() {},
    async queryNodeNetworks() {
      const ready = lists().length > 0;
      return {networks: [{name: 'cni', ready, extradata: ready ? {} : missing}]};
    },
  },
  {settings, pods},
);
