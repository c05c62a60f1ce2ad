/** Hostile input: requests that no kubelet sends. */

import {randomBytes} from 'node:crypto';
import {outcomeOf} from '../kni-client.ts';
import {callRaw, openConnections} from '../raw.ts';
import type {Group} from '../requirement.ts';
import {runtimePaths} from '../runtime-process.ts';
import {addedSince, takeSnapshot} from '../snapshot.ts';
import {expectThat} from '../violation.ts';
import {expectUnchanged} from './delete.ts';
import {answerOf, confined, foreign, refusesId, staysInside, survives, withForeign} from './hostile-parts.ts';

export const hostile: Group = {
  letter: 'H',
  name: 'hostile',
  about: 'hostile input: requests that no kubelet sends',
  requirements: [
    staysInside('KNI-H01', 'name'),
    staysInside('KNI-H02', 'namespace'),
    staysInside('KNI-H03', 'uid'),
    staysInside('KNI-H04', 'attempt'),
    refusesId('KNI-H05', 'attachInterface'),
    refusesId('KNI-H06', 'queryPodNetwork'),
    refusesId('KNI-H07', 'detachInterface'),
    refusesId('KNI-H08', 'deleteNetwork'),
    {
      id: 'KNI-H09',
      level: 'MUST',
      source: 'kni.proto: AttachInterfaceRequest.isolation is the netns from CreateNetwork',
      title: "adds no interface and no address to the node's own netns",
      needs: 'node',
      async run(probe) {
        await probe.down(await probe.up());
        const before = await takeSnapshot(probe.node);
        for (const path of [
          '/proc/1/ns/net',
          '/proc/self/ns/net',
          `${runtimePaths.netns}/../../proc/1/ns/net`,
        ]) {
          const {sandbox: id, namespace, name, uid} = probe.pod();
          const attached = await answerOf(
            probe.kni.attachInterface({
              id,
              namespace,
              name,
              isolation: {path, type: 'netns'},
              extradata: {uid, attempt: '0'},
            }),
          );
          expectThat(attached === undefined, `an error for ${path}`, 'the call succeeded');
        }
        const added = addedSince(before, await takeSnapshot(probe.node), ['address']);
        expectThat(added.length === 0, 'no new address on the node', `there is ${added.join(', ')}`);
      },
    },
    {
      id: 'KNI-H10',
      level: 'MUST',
      source: 'kni.proto: DeleteNetwork undoes CreateNetwork',
      title: 'removes no file and no netns that it has not created',
      needs: 'node',
      run: (probe) =>
        withForeign(probe, async () => {
          for (const netnsPath of [
            foreign.file,
            foreign.netns,
            `${runtimePaths.netns}/../conformance-file`,
            runtimePaths.netns,
          ])
            await answerOf(probe.kni.deleteNetwork({netnsPath}));
        }),
    },
    {
      id: 'KNI-H11',
      level: 'MUST',
      source: 'kni.proto: AttachInterfaceRequest.isolation is the netns from CreateNetwork',
      title: 'attaches no pod to a netns that it has not created',
      needs: 'node',
      run: (probe) =>
        withForeign(probe, async () => {
          for (const path of [foreign.file, foreign.netns]) {
            const {sandbox: id, namespace, name} = probe.pod();
            const attached = await answerOf(
              probe.kni.attachInterface({id, namespace, name, isolation: {path, type: 'netns'}}),
            );
            expectThat(attached === undefined, `an error for ${path}`, 'the call succeeded');
          }
        }),
    },
    {
      id: 'KNI-H12',
      level: 'MUST',
      source: confined,
      title: 'runs no command that is in a field',
      needs: 'node',
      async run(probe) {
        const command = 'touch /run/conformance-command';
        for (const value of [`$(${command})`, `;${command};`, `\`${command}\``, `a\n${command}\n`]) {
          const {uid, sandbox} = probe.pod();
          await answerOf(probe.kni.createNetwork({namespace: 'default', name: value, uid}));
          await answerOf(probe.kni.createNetwork({namespace: value, name: 'pod', uid}));
          await answerOf(probe.kni.createNetwork({namespace: 'default', name: 'pod', uid: value}));
          await answerOf(probe.kni.attachInterface({id: value, isolation: {path: value, type: 'netns'}}));
          await answerOf(probe.kni.deleteNetwork({id: sandbox, netnsPath: value, name: value}));
        }
        const found = await probe.node.run(['sh', ['-c', 'ls /run/conformance-command 2>/dev/null; true']]);
        await probe.node.run(['rm', ['-f', '/run/conformance-command']]);
        expectThat(found.trim() === '', 'the command not to run', 'the file that it makes is there');
      },
    },
    {
      id: 'KNI-H13',
      level: 'MUST',
      source: 'Kubernetes: values of annotations are any text',
      title: 'attaches a pod whose annotations have separators of argument lists',
      needs: 'socket',
      async run({create, attach, down, pod}) {
        const annotations = {
          'example.com/a': 'x;K8S_POD_NAME=other;=',
          'example.com/b': 'a\nb\t"c"\\',
          'example.com/c': 'ü€\u{1F600}',
        };
        const each = pod();
        await down(await attach(each, await create(each, annotations), {annotations}));
      },
    },
    {
      id: 'KNI-H14',
      level: 'MUST',
      source: 'kni.proto: AttachInterfaceRequest.isolation is the netns from CreateNetwork',
      title: "keeps a pod's network when another pod asks for its netns",
      needs: 'socket',
      async run(probe) {
        const owner = await probe.up();
        const {sandbox: id, namespace, name, uid} = probe.pod();
        const isolation = {path: owner.netns, type: 'netns'};
        await answerOf(
          probe.kni.attachInterface({id, namespace, name, isolation, extradata: {uid, attempt: '0'}}),
        );
        await answerOf(probe.kni.detachInterface({id, namespace, name}));
        await expectUnchanged(probe, owner);
      },
    },
    {
      id: 'KNI-H15',
      level: 'SHOULD',
      source: 'Kubernetes: ports are 1 to 65535',
      title: 'refuses invalid host ports with INVALID_ARGUMENT',
      needs: 'socket',
      async run({create, attach, pod}) {
        const each = pod();
        const netns = await create(each);
        for (const mapping of [
          {containerPort: 80, hostPort: 70_000},
          {containerPort: 80, hostPort: -1},
          {containerPort: 0, hostPort: 80},
        ]) {
          const outcome = await outcomeOf(attach(each, netns, {portMappings: [mapping]}));
          expectThat(
            outcome === 'INVALID_ARGUMENT',
            `INVALID_ARGUMENT for ${JSON.stringify(mapping)}`,
            `the status is ${outcome}`,
          );
        }
      },
    },
    {
      id: 'KNI-H16',
      level: 'MUST',
      source: 'gRPC over HTTP/2',
      title: 'survives random bytes as messages of all calls',
      needs: 'socket',
      async run(probe) {
        const attached = await probe.up();
        for (const method of [
          'CreateNetwork',
          'AttachInterface',
          'DetachInterface',
          'QueryPodNetwork',
          'SetupNodeNetwork',
          'QueryNodeNetworks',
        ])
          for (let count = 0; count < 8; count++)
            await callRaw(probe.socket, `/kni.KNI/${method}`, randomBytes(1 + count * count * 7));
        await survives(probe);
        await expectUnchanged(probe, attached);
      },
    },
    {
      id: 'KNI-H17',
      level: 'MUST',
      source: 'gRPC over HTTP/2',
      title: 'serves others while 100 connections are open and silent',
      needs: 'socket',
      async run(probe) {
        const close = await openConnections(probe.socket, 100);
        try {
          await survives(probe);
          await probe.down(await probe.up());
        } finally {
          close();
        }
      },
    },
    {
      id: 'KNI-H18',
      level: 'MUST',
      source: 'gRPC: status codes',
      title: 'answers an error to a sandbox id of 1 MB, and serves the next call',
      needs: 'socket',
      async run(probe) {
        const outcome = await outcomeOf(probe.kni.queryPodNetwork({id: 'a'.repeat(1_000_000)}));
        expectThat(outcome !== 'OK', 'an error', 'the call succeeded');
        await survives(probe);
      },
    },
    {
      id: 'KNI-H19',
      level: 'MUST',
      source: 'kni.proto: AttachInterfaceRequest.id',
      title: 'refuses AttachInterface without a sandbox id',
      needs: 'socket',
      async run({create, kni, pod}) {
        const each = pod();
        const {namespace, name} = each;
        const isolation = {path: await create(each), type: 'netns'};
        const outcome = await outcomeOf(kni.attachInterface({namespace, name, isolation}));
        expectThat(
          outcome !== 'OK',
          'an error',
          'the call succeeded, but no later call can name this network',
        );
      },
    },
  ],
};
