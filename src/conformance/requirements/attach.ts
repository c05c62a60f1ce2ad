/** AttachInterface and QueryPodNetwork: interfaces and addresses. */

import {isIP} from 'node:net';
import {outcomeOf} from '../kni-client.ts';
import {addressesOf, ipsOf} from '../pods.ts';
import type {Group} from '../requirement.ts';
import {defaultPodCidrs} from '../runtime-process.ts';
import {canConnect} from '../traffic.ts';
import {expectThat} from '../violation.ts';
import {describeLinks, linksIn, sameAnswer} from './pod-links.ts';

export const attachment: Group = {
  letter: 'A',
  name: 'attach',
  about: 'AttachInterface and QueryPodNetwork: interfaces and addresses',
  requirements: [
    {
      id: 'KNI-A01',
      level: 'MUST',
      source: 'kni.proto: AttachInterface returns their addresses',
      title: 'returns at least one address',
      needs: 'socket',
      async run({up}) {
        expectThat(ipsOf(await up()).length > 0, 'an address in ipconfigs', 'no address');
      },
    },
    {
      id: 'KNI-A02',
      level: 'MUST',
      source: 'kni.proto: IPConfig.ip',
      title: 'returns addresses without prefix length',
      needs: 'socket',
      async run({up}) {
        for (const ip of ipsOf(await up()))
          expectThat(isIP(ip) !== 0, 'IP addresses such as 10.99.0.2', `there is ${JSON.stringify(ip)}`);
      },
    },
    {
      id: 'KNI-A03',
      level: 'MUST',
      source: 'kni.proto: QueryPodNetworkResponse.ipconfigs',
      title: "reports the pod's address on eth0",
      needs: 'socket',
      async run({up}) {
        const {ipconfigs} = await up();
        expectThat(
          (ipconfigs['eth0']?.ip.length ?? 0) > 0,
          'an address on eth0, which kubelets take for the address of the pod',
          `the answer has ${addressesOf(ipconfigs) || 'no address'}`,
        );
      },
    },
    {
      id: 'KNI-A04',
      level: 'MUST',
      source: 'kni.proto: AttachInterface creates the interfaces in the netns',
      title: 'gives the interfaces in the netns the addresses that it reports',
      needs: 'node',
      async run({up, node}) {
        const {netns, ipconfigs} = await up();
        const links = await linksIn(node, netns);
        for (const [name, {ip}] of Object.entries(ipconfigs)) {
          const link = links.find(({ifname}) => ifname === name);
          for (const each of ip)
            expectThat(
              link?.addr_info.some(({local}) => local === each) ?? false,
              `${each} on ${name}`,
              describeLinks(links),
            );
        }
      },
    },
    {
      id: 'KNI-A05',
      level: 'SHOULD',
      source: 'kni.proto: IPConfig.mac',
      title: 'reports the MAC address of eth0',
      needs: 'node',
      async run({up, node}) {
        const {netns, ipconfigs} = await up();
        const mac = (await linksIn(node, netns)).find(({ifname}) => ifname === 'eth0')?.address;
        const reported = ipconfigs['eth0']?.mac ?? '';
        expectThat(reported.toLowerCase() === mac, `mac ${mac}`, `it is ${JSON.stringify(reported)}`);
      },
    },
    {
      id: 'KNI-A06',
      level: 'MUST',
      source: 'kni.proto: does not contain interfaces of the node',
      title: 'reports only interfaces that are in the netns',
      needs: 'node',
      async run({up, node}) {
        const {netns, ipconfigs} = await up();
        const links = await linksIn(node, netns);
        for (const name of Object.keys(ipconfigs))
          expectThat(
            links.some(({ifname}) => ifname === name),
            `an interface ${name} in the netns`,
            describeLinks(links),
          );
      },
    },
    {
      id: 'KNI-A07',
      level: 'MUST',
      source: 'Kubernetes: containers of a pod communicate through localhost',
      title: 'brings the loopback interface up',
      needs: 'node',
      async run({up, node}) {
        const links = await linksIn(node, (await up()).netns);
        const loopback = links.find(({ifname}) => ifname === 'lo');
        expectThat(
          loopback?.flags.includes('UP') ?? false,
          'lo to be up',
          `its flags are ${loopback?.flags.join(', ')}`,
        );
      },
    },
    {
      id: 'KNI-A08',
      level: 'MUST',
      source: 'kni.proto: every call is idempotent',
      title: 'returns the same addresses when AttachInterface is repeated',
      needs: 'socket',
      async run({up, attach}) {
        const {pod, netns, ipconfigs} = await up();
        sameAnswer(ipconfigs, (await attach(pod, netns)).ipconfigs);
      },
    },
    {
      id: 'KNI-A09',
      level: 'MUST',
      source: 'kni.proto: QueryPodNetworkResponse.ipconfigs',
      title: 'answers QueryPodNetwork with what AttachInterface returned',
      needs: 'socket',
      async run({up, kni}) {
        const {pod, ipconfigs} = await up();
        sameAnswer(ipconfigs, (await kni.queryPodNetwork({id: pod.sandbox})).ipconfigs);
      },
    },
    {
      id: 'KNI-A10',
      level: 'MUST',
      source: 'kni.proto: QueryPodNetwork',
      title: 'answers NOT_FOUND to QueryPodNetwork for an unknown sandbox',
      needs: 'socket',
      async run({kni, pod}) {
        const outcome = await outcomeOf(kni.queryPodNetwork({id: pod().sandbox}));
        expectThat(outcome === 'NOT_FOUND', 'NOT_FOUND', `the status is ${outcome}`);
      },
    },
    {
      id: 'KNI-A11',
      level: 'MUST',
      source: 'kni.proto: QueryPodNetwork',
      title: 'answers FAILED_PRECONDITION or NOT_FOUND to QueryPodNetwork after DetachInterface',
      needs: 'socket',
      async run({up, kni}) {
        const {pod} = await up();
        await kni.detachInterface({id: pod.sandbox});
        const outcome = await outcomeOf(kni.queryPodNetwork({id: pod.sandbox}));
        expectThat(
          outcome === 'FAILED_PRECONDITION' || outcome === 'NOT_FOUND',
          'FAILED_PRECONDITION or NOT_FOUND: after other errors, kubelets keep the last known addresses',
          `the status is ${outcome}`,
        );
      },
    },
    {
      id: 'KNI-A12',
      level: 'MUST',
      source: 'kni.proto: QueryPodNetwork',
      title: 'answers NOT_FOUND to QueryPodNetwork after DeleteNetwork',
      needs: 'socket',
      async run({up, down, kni}) {
        const attached = await up();
        await down(attached);
        const outcome = await outcomeOf(kni.queryPodNetwork({id: attached.pod.sandbox}));
        expectThat(outcome === 'NOT_FOUND', 'NOT_FOUND', `the status is ${outcome}`);
      },
    },
    {
      id: 'KNI-A13',
      level: 'MUST',
      source: 'Kubernetes: every pod has its own address',
      title: 'gives no two pods the same address',
      needs: 'socket',
      async run({up}) {
        const [one, two] = [ipsOf(await up()), ipsOf(await up())];
        expectThat(
          !one.some((ip) => two.includes(ip)),
          'different addresses',
          `both pods have ${one.join(', ')}`,
        );
      },
    },
    {
      id: 'KNI-A14',
      level: 'SHOULD',
      source: 'Kubernetes: Node.spec.podCIDRs',
      title: "takes addresses from the node's podCIDRs",
      needs: 'node',
      async run({up}) {
        const ips = ipsOf(await up());
        const prefix = defaultPodCidrs.replace(/0\/24$/, '');
        expectThat(
          ips.some((ip) => ip.startsWith(prefix)),
          `an address in ${defaultPodCidrs}`,
          `the addresses are ${ips.join(', ')}`,
        );
      },
    },
    {
      id: 'KNI-A15',
      level: 'MUST',
      source: 'kni.proto: DetachInterface undoes AttachInterface',
      title: 'removes the interfaces from the netns with DetachInterface',
      needs: 'node',
      async run({up, kni, node}) {
        const {pod, netns} = await up();
        await kni.detachInterface({id: pod.sandbox});
        const links = await linksIn(node, netns);
        const left = links.filter(({ifname, addr_info}) => ifname !== 'lo' && addr_info.length > 0);
        expectThat(left.length === 0, 'no addresses in the netns', describeLinks(links));
      },
    },
    {
      id: 'KNI-A16',
      level: 'MUST',
      source: 'Kubernetes network model: pods communicate with all pods',
      title: 'lets pods of the node reach each other',
      needs: 'node',
      async run({up, node}) {
        const [one, two] = [await up(), await up()];
        const [ip = ''] = two.ipconfigs['eth0']?.ip ?? [];
        const seen = await canConnect(node, {from: one.netns, to: two.netns, ip});
        expectThat(seen.isConnected, `a TCP connection to ${ip}`, seen.problem);
      },
    },
    {
      id: 'KNI-A17',
      level: 'MUST',
      source: 'Kubernetes network model: agents on a node communicate with its pods',
      title: 'lets the node reach the pod, as probes of the kubelet do',
      needs: 'node',
      async run({up, node}) {
        const {netns, ipconfigs} = await up();
        const [ip = ''] = ipconfigs['eth0']?.ip ?? [];
        const seen = await canConnect(node, {from: undefined, to: netns, ip});
        expectThat(seen.isConnected, `a TCP connection from the node to ${ip}`, seen.problem);
      },
    },
    {
      id: 'KNI-A18',
      level: 'SHOULD',
      source: 'Kubernetes network model: pods communicate with all nodes',
      title: 'gives the pod a default route',
      needs: 'node',
      async run({up, node}) {
        const {netns} = await up();
        const routes = await node.runIn(netns, ['ip', ['route', 'show', 'default']]);
        const routes6 = await node.runIn(netns, ['ip', ['-6', 'route', 'show', 'default']]);
        expectThat(`${routes}${routes6}`.trim() !== '', 'a default route in the netns', 'no default route');
      },
    },
    {
      id: 'KNI-A19',
      level: 'SHOULD',
      source: 'first KNI kubelet: it sends the netns in extradata',
      title: 'attaches a pod without a uid whose netns is in extradata["netns"]',
      needs: 'socket',
      async run({kni, pod}) {
        const {namespace, name, sandbox: id} = pod({uid: ''});
        const {netnsPath} = await kni.createNetwork({namespace, name});
        const {ipconfigs} = await kni.attachInterface({id, namespace, name, extradata: {netns: netnsPath}});
        expectThat(addressesOf(ipconfigs) !== '', 'an address', 'no address');
        sameAnswer(ipconfigs, (await kni.queryPodNetwork({id, namespace, name})).ipconfigs);
        await kni.detachInterface({id, namespace, name});
        await kni.deleteNetwork({id, namespace, name});
      },
    },
    {
      id: 'KNI-A20',
      level: 'SHOULD',
      source: 'CNI 1.1.0, section 3: a container is added once',
      title: 'refuses to attach one netns to a second sandbox, and changes nothing',
      needs: 'socket',
      async run({up, attach, pod, kni}) {
        const {pod: owner, netns, ipconfigs} = await up();
        const outcome = await outcomeOf(attach(pod(), netns));
        expectThat(outcome !== 'OK', 'an error', 'the second sandbox was attached');
        sameAnswer(ipconfigs, (await kni.queryPodNetwork({id: owner.sandbox})).ipconfigs);
      },
    },
  ],
};
