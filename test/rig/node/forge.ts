/** Forges packets of the tunnels between nodes, as a program with nothing but a UDP socket can, and shows which arrive. */
import {bytesOf, familyOf} from '../../../runtime/src/node/ip-address.ts';
import {tunnelMacOf, vxlanId, vxlanPort} from '../../../runtime/src/node/vxlan.ts';
import {until} from '../wait.ts';
import type {TestNode} from './node.ts';

const forgedPort = 5353;

export interface Forged {
  /** The end of the tunnel that it is for. */
  readonly end: string;
  /** IPv4 addresses. */
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Bytes in all; larger packets travel in fragments. */
  readonly size?: number;
}

/** Where a packet is sent from and to. */
export interface Sending {
  readonly node: TestNode;
  /** `undefined` is the node itself. */
  readonly netns: string | undefined;
  readonly ip: string;
  readonly port?: number;
}

/** Prints a line for every forged packet that arrives in the pod. */
export const listenForForged = async (node: TestNode, netns: string): Promise<() => readonly string[]> => {
  const program = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (message, {address}) => console.log(message.toString().trim() + ' from ' + address));
    socket.bind(${forgedPort}, () => console.log('listening'));`;
  const child = node.start(['nsenter', `--net=${netns}`, '--', process.execPath, '-e', program]);
  let printed = '';
  child.stdout?.on('data', (chunk) => (printed += String(chunk)));
  await until('it listens', () => printed.includes('listening'));
  return () => printed.split('\n').slice(1).filter(Boolean);
};

export const sendForged = async (forged: Forged, {node, netns, ip, port = vxlanPort}: Sending) => {
  const program = `
    const socket = require('node:dgram').createSocket('udp${familyOf(ip)}');
    socket.send(Buffer.from('${frameOf(forged).toString('hex')}', 'hex'), ${port}, '${ip}', (error) => {
      if (error) throw error;
      socket.close();
    });`;
  const entering = netns === undefined ? [] : ['nsenter', `--net=${netns}`, '--'];
  await node.run([...entering, process.execPath, '-e', program]);
};

/** VXLAN (RFC 7348) around Ethernet, IPv4 and UDP; a UDP checksum of 0 means that it is missing. */
const frameOf = ({end, from, to, text, size = 0}: Forged): Buffer => {
  const payload = Buffer.from(text.padEnd(size));
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(forgedPort, 0);
  udp.writeUInt16BE(forgedPort, 2);
  udp.writeUInt16BE(udp.length + payload.length, 4);
  const ip = Buffer.alloc(20);
  ip.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17]);
  ip.writeUInt16BE(ip.length + udp.length + payload.length, 2);
  ip.set(bytesOf(from), 12);
  ip.set(bytesOf(to), 16);
  ip.writeUInt16BE(checksumOf(ip), 10);
  const vxlan = [0x08, 0, 0, 0, 0, 0, vxlanId, 0];
  const macs = [...tunnelMacOf(end).split(':'), '02', '00', '00', '00', '00', '01'];
  const ethernet = [...macs.map((byte) => Number.parseInt(byte, 16)), 0x08, 0x00];
  return Buffer.concat([Buffer.from(vxlan), Buffer.from(ethernet), ip, udp, payload]);
};

const checksumOf = (header: Buffer): number => {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
};
