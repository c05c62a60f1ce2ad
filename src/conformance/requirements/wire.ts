/** Wire format and errors. */

import {stat} from 'node:fs/promises';
import {dirname} from 'node:path';
import {create as createMessage, toBinary} from '@bufbuild/protobuf';
import {QueryNodeNetworksRequestSchema} from '../../../runtime/src/gen/kni_pb.ts';
import {CallFailed, kniClient, methodKeys, outcomeOf} from '../kni-client.ts';
import {addressesOf} from '../pods.ts';
import {callRaw, type RawAnswer, sendBytes} from '../raw.ts';
import type {Group} from '../requirement.ts';
import {expectThat, Violation} from '../violation.ts';

const emptyQuery = toBinary(QueryNodeNetworksRequestSchema, createMessage(QueryNodeNetworksRequestSchema));
const queryPath = '/kni.KNI/QueryNodeNetworks';

const describeRaw = ({status, problem}: RawAnswer): string =>
  status === undefined ? `no gRPC status (${problem ?? 'the stream ended'})` : `the status is ${status}`;

/** As ls prints it: `0700`. */
const modeText = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

export const wire: Group = {
  letter: 'W',
  name: 'wire',
  about: 'wire format and errors',
  requirements: [
    {
      id: 'KNI-W01',
      level: 'MUST',
      source: 'kni.proto: service KNI',
      title: 'serves all seven calls of kni.KNI',
      needs: 'socket',
      async run({kni}) {
        for (const key of methodKeys) {
          const outcome = await outcomeOf(kni[key]({}));
          expectThat(outcome !== 'UNIMPLEMENTED', `${key} to be implemented`, `the status is ${outcome}`);
        }
      },
    },
    {
      id: 'KNI-W02',
      level: 'MUST',
      source: 'gRPC: status codes',
      title: 'answers UNIMPLEMENTED to an unknown method',
      needs: 'socket',
      async run({socket}) {
        const answer = await callRaw(socket, '/kni.KNI/NoSuchMethod', emptyQuery);
        expectThat(answer.status === 'UNIMPLEMENTED', 'status UNIMPLEMENTED', describeRaw(answer));
      },
    },
    {
      id: 'KNI-W03',
      level: 'MUST',
      source: 'Protocol Buffers: updating a message type',
      title: 'ignores fields that it does not know, so that newer kubelets can call it',
      needs: 'socket',
      async run({socket}) {
        // Field 99, a string of 2 bytes.
        const answer = await callRaw(
          socket,
          queryPath,
          new Uint8Array([...emptyQuery, 0x9a, 0x06, 2, 0x6b, 0x6e]),
        );
        expectThat(answer.status === 'OK', 'status OK', describeRaw(answer));
      },
    },
    {
      id: 'KNI-W04',
      level: 'MUST',
      source: 'gRPC: status codes',
      title: 'answers an error to a message that cannot be decoded',
      needs: 'socket',
      async run({socket}) {
        // Field 1 with a length of 127 bytes, which are missing.
        const answer = await callRaw(socket, '/kni.KNI/CreateNetwork', new Uint8Array([0x0a, 0x7f, 0x61]));
        expectThat(answer.status !== undefined && answer.status !== 'OK', 'an error', describeRaw(answer));
      },
    },
    {
      id: 'KNI-W05',
      level: 'MUST',
      source: 'gRPC: naming, scheme unix',
      title: 'serves clients that send localhost as authority',
      needs: 'socket',
      async run({socket}) {
        const answer = await callRaw(socket, queryPath, emptyQuery, {':authority': 'localhost'});
        expectThat(answer.status === 'OK', 'status OK', describeRaw(answer));
      },
    },
    {
      id: 'KNI-W06',
      level: 'SHOULD',
      source: 'gRPC: naming, scheme unix',
      title: 'serves clients that send the encoded path of the socket as authority',
      needs: 'socket',
      async run({socket}) {
        const answer = await callRaw(socket, queryPath, emptyQuery, {
          ':authority': encodeURIComponent('/run/kni/kni.sock'),
        });
        expectThat(answer.status === 'OK', 'status OK', describeRaw(answer));
      },
    },
    {
      id: 'KNI-W07',
      level: 'SHOULD',
      source: 'kubelet: events of the pod',
      title: 'explains its errors with a text',
      needs: 'socket',
      async run({kni, pod}) {
        const failure = await failureOf(kni.queryPodNetwork({id: pod().sandbox}));
        expectThat(failure.details.trim() !== '', 'a text in the status', 'the text is empty');
      },
    },
    {
      id: 'KNI-W08',
      level: 'SHOULD',
      source: 'kubelet: aggregation of events',
      title: 'gives the same text for the same error',
      needs: 'socket',
      async run({kni, pod}) {
        const {sandbox: id} = pod();
        const [first, second] = [
          await failureOf(kni.queryPodNetwork({id})),
          await failureOf(kni.queryPodNetwork({id})),
        ];
        expectThat(
          first.details === second.details,
          'equal texts, because the kubelet aggregates events by them',
          `the texts are ${JSON.stringify(first.details)} and ${JSON.stringify(second.details)}`,
        );
      },
    },
    {
      id: 'KNI-W09',
      level: 'MUST',
      source: 'gRPC over HTTP/2',
      title: 'serves several connections at the same time',
      needs: 'socket',
      async run({socket, up, down}) {
        const attached = await up();
        const clients = Array.from({length: 8}, () => kniClient(socket, () => undefined));
        try {
          const answers = await Promise.all(
            clients.map((client) => client.queryPodNetwork({id: attached.pod.sandbox})),
          );
          const expected = addressesOf(attached.ipconfigs);
          for (const {ipconfigs} of answers)
            expectThat(
              addressesOf(ipconfigs) === expected,
              `${expected} on every connection`,
              `one has ${addressesOf(ipconfigs) || 'no address'}`,
            );
        } finally {
          for (const client of clients) client[Symbol.dispose]();
        }
        await down(attached);
      },
    },
    {
      id: 'KNI-W10',
      level: 'MUST',
      source: 'Kubernetes: annotations have up to 256 KiB',
      title: 'accepts a pod with 256 KiB of annotations',
      needs: 'socket',
      async run({create, attach, down, pod}) {
        const annotations = {'example.com/large': 'x'.repeat(256 * 1024 - 64)};
        const large = pod();
        const netns = await create(large, annotations);
        await down(await attach(large, netns, {annotations}));
      },
    },
    {
      id: 'KNI-W11',
      level: 'MUST',
      source: 'kni.proto: a unix socket that only root can open',
      title: 'lets only root open its socket',
      needs: 'node',
      async run({socket}) {
        const [file, directory] = [await stat(socket), await stat(dirname(socket))];
        // connect(2) needs write permission on the socket and search permission on its directory.
        const isOpen = (file.mode & 0o022) !== 0 && (directory.mode & 0o011) !== 0;
        const isForeign = file.uid !== 0 || directory.uid !== 0;
        expectThat(
          !isOpen && !isForeign,
          'a directory with mode 0700, or a socket with mode 0600, both owned by root',
          `the directory has mode ${modeText(directory.mode)}, the socket ${modeText(file.mode)}`,
        );
      },
    },
    {
      id: 'KNI-W12',
      level: 'MUST',
      source: 'gRPC over HTTP/2',
      title: 'survives bytes that are not HTTP/2',
      needs: 'socket',
      async run({socket, kni}) {
        for (const text of [
          'GET / HTTP/1.1\r\n\r\n',
          '\0'.repeat(64),
          'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff',
        ])
          await sendBytes(socket, Buffer.from(text, 'latin1'));
        await kni.queryNodeNetworks({});
      },
    },
  ],
};

/** Throws Violation if the call succeeds. */
const failureOf = async (call: Promise<unknown>): Promise<CallFailed> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailed && !error.isLate) return error;
    throw error;
  }
  throw new Violation('an error', 'the call succeeded');
};
