/** A pod's network as text. */

import type {ChalkInstance} from 'chalk';
import type {PodInspection} from '../cluster/pod-inspection.ts';
import {columns} from './columns.ts';
import {plainText} from './stream.ts';

export const podInspectionText = (inspection: PodInspection, paint: ChalkInstance): readonly string[] => {
  const {pod, node, recorded, differences} = inspection;
  const {network} = recorded;
  const section = (title: string, rows: readonly (readonly string[])[]): readonly string[] =>
    rows.length === 0 ? [] : ['', paint.bold(title), ...columns(rows.map(plain)).map((line) => `  ${line}`)];
  const facts = [
    ['node', node],
    ['state', network.state],
    ['correlation', network.correlation],
    ['sandbox', network.sandbox],
    ['netns', network.netns],
  ].filter(([, value]) => value !== '');
  return [
    paint.bold(`pod ${pod}`),
    ...columns(facts.map(plain)).map((line) => `  ${line}`),
    ...section('interfaces', interfacesOf(inspection)),
    ...section('routes', routesOf(inspection)),
    ...section('DNS', dnsOf(inspection)),
    ...section('timeline', timelineOf(inspection)),
    ...(differences.length === 0 ? [] : ['', paint.red('record and kernel differ')]),
    ...differences.map((difference) => paint.red(`  ! ${plainText(difference)}`)),
    ...(inspection.live ? [] : ['', 'what the kernel has cannot be read: the netns cannot be entered']),
  ];
};

const plain = (row: readonly string[]): readonly string[] => row.map((cell) => plainText(cell));

const interfacesOf = ({recorded, live}: PodInspection) =>
  recorded.network.interfaces.map(({name, mac, mtu, network, addresses}) => {
    const found = live?.links.find((link) => link.name === name);
    const attachment = recorded.attachments.find((each) => each.network === network);
    const gateways = [...new Set(addresses.map(({gateway}) => gateway).filter(Boolean))];
    return [
      name,
      addresses.map(({cidr}) => cidr).join(' '),
      mac,
      `mtu ${mtu || found?.mtu || '?'}`,
      gateways.length > 0 ? `gateway ${gateways.join(' ')}` : '',
      attachment ? `host ${attachment.hostInterfaces.join(' ')}` : '',
      attachment ? `${network}: ${attachment.plugins.join(', ')}` : '',
    ];
  });

/** The kernel's, where they can be read: plugins add some that no result has. */
const routesOf = ({recorded, live}: PodInspection) =>
  live
    ? live.routes.map(({dst, gateway, dev}) => [dst, gateway && `via ${gateway}`, dev])
    : recorded.attachments.flatMap(({routes}) => routes.map(({to, via}) => [to, via && `via ${via}`]));

const dnsOf = ({recorded}: PodInspection) =>
  recorded.attachments.flatMap(({dns: {servers, searches}}) => [
    ...(servers.length > 0 ? [['servers', servers.join(' ')]] : []),
    ...(searches.length > 0 ? [['searches', searches.join(' ')]] : []),
  ]);

const timelineOf = ({timeline}: PodInspection) =>
  timeline.map(({time, msg, ms, error}) => [
    time.slice(11, 23),
    `${(ms ?? 0).toFixed(1).padStart(8)} ms`,
    msg,
    error?.replaceAll(/\s*[\r\n]\s*/g, ' ') ?? '',
  ]);
