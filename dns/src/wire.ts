/** DNS messages: parses queries, and encodes responses. dns-packet encodes the records (RFC 1035, RFC 6891). */
import {type Answer, encode} from 'dns-packet';

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

export interface Query {
  readonly id: number;
  /** The labels of the name, in lower case. */
  readonly labels: readonly string[];
  /** The number of the record type. */
  readonly type: number;
  /** The number of the class; 1 is IN. */
  readonly class: number;
  readonly recursionDesired: boolean;
  /** The question as the client sent it, with its upper and lower case. */
  readonly question: Buffer;
  /** Undefined without EDNS. */
  readonly edns: {readonly version: number; readonly udpBytes: number} | undefined;
}

export type Parsed =
  | {readonly kind: 'query'; readonly query: Query}
  /** The packet gets no answer: it is a response, or too short. */
  | {readonly kind: 'ignored'}
  | {readonly kind: 'refused'; readonly response: Buffer};

const headerBytes = 12;
/** RFC 1035, section 2.3.4. */
const limits = {label: 63, name: 255, udp: 512} as const;
/** Larger UDP packets may be fragmented: https://www.dnsflagday.net/2020/. */
const largestUdp = 1232;
const largestTcp = 65_535;

/** Never throws. */
export const parseQuery = (packet: Buffer): Parsed => {
  if (packet.length < headerBytes || (packet.readUInt8(2) & 0x80) !== 0) return {kind: 'ignored'};
  const refused = (rcode: number): Parsed => ({kind: 'refused', response: headerOf(packet, rcode)});
  if (((packet.readUInt8(2) >> 3) & 0xf) !== 0) return refused(rcodes.NOTIMP);
  const name = packet.readUInt16BE(4) === 1 ? readName(packet, headerBytes) : undefined;
  if (name === undefined || packet.length < name.end + 4) return refused(rcodes.FORMERR);
  const edns = readEdns(packet, name.end + 4);
  if (edns === 'malformed') return refused(rcodes.FORMERR);
  return {
    kind: 'query',
    query: {
      id: packet.readUInt16BE(0),
      labels: name.labels,
      type: packet.readUInt16BE(name.end),
      class: packet.readUInt16BE(name.end + 2),
      recursionDesired: (packet.readUInt8(2) & 1) !== 0,
      question: packet.subarray(headerBytes, name.end + 4),
      edns,
    },
  };
};

/** A name without compression: no client compresses the only name of a query. */
const readName = (
  packet: Buffer,
  start: number,
): {readonly labels: readonly string[]; readonly end: number} | undefined => {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = packet[at];
    if (length === undefined || length > limits.label) return undefined;
    at += 1;
    if (at - start > limits.name) return undefined;
    if (length === 0) return {labels, end: at};
    if (at + length > packet.length) return undefined;
    labels.push(lowerCase(packet.toString('latin1', at, at + length)));
    at += length;
  }
};

/** DNS compares ASCII letters without their case, and no other characters. */
const lowerCase = (label: string): string => label.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Walks over the records after the question to the OPT record, without looking into them. */
const readEdns = (packet: Buffer, start: number): Query['edns'] | 'malformed' => {
  let at = start;
  let found: Query['edns'];
  const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  for (let count = 0; count < records; count += 1) {
    const head = skipName(packet, at);
    if (head === undefined || head + 10 > packet.length) return 'malformed';
    if (packet.readUInt16BE(head) === types.OPT) {
      if (found) return 'malformed';
      found = {udpBytes: packet.readUInt16BE(head + 2), version: packet.readUInt8(head + 5)};
    }
    at = head + 10 + packet.readUInt16BE(head + 8);
    if (at > packet.length) return 'malformed';
  }
  return found;
};

/** The position after a name, which may end with a pointer; undefined if it does not end. */
const skipName = (packet: Buffer, start: number): number | undefined => {
  let at = start;
  for (;;) {
    const length = packet[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > limits.label) return undefined;
    at += 1 + length;
  }
};

/** A response without a question, for a query that cannot be read. */
const headerOf = (packet: Buffer, rcode: number): Buffer => {
  const header = Buffer.alloc(headerBytes);
  packet.copy(header, 0, 0, 2);
  header.writeUInt8(0x80 | (packet.readUInt8(2) & 0x79), 2);
  header.writeUInt8(rcode, 3);
  return header;
};

export interface Response {
  readonly rcode: number;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  /** Read only while they fit. */
  readonly additionals?: Iterable<Answer>;
  /** Whether the records are our own. */
  readonly authoritative?: boolean;
}

export type Transport = 'udp' | 'tcp';

/**
 * Encodes a response that fits the transport and what the client can receive. Answers that do not fit are left out, and the
 * TC bit is set; additional records that do not fit are left out silently (RFC 2181, section 9).
 */
export const encodeResponse = (query: Query, response: Response, transport: Transport): Buffer => {
  const {rcode, answers = [], authorities = [], additionals = [], authoritative = false} = response;
  const opt = query.edns && optOf(rcode);
  const limit = transport === 'tcp' ? largestTcp : udpLimit(query);
  const parts: Buffer[] = [query.question];
  let bytes = headerBytes + query.question.length + (opt?.length ?? 0);
  let truncated = false;
  const add = (records: Iterable<Answer>): number => {
    let count = 0;
    for (const record of records) {
      const encoded = encodeRecord(record, query);
      if (bytes + encoded.length > limit) return count;
      bytes += encoded.length;
      parts.push(encoded);
      count += 1;
    }
    return count;
  };
  const counts = [answers, authorities].map((records) => {
    const added = truncated ? 0 : add(records);
    truncated ||= added < records.length;
    return added;
  });
  const further = truncated ? 0 : add(additionals);
  if (opt) parts.push(opt);

  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt8(
    0x80 | (authoritative ? 4 : 0) | (truncated ? 2 : 0) | (query.recursionDesired ? 1 : 0),
    2,
  );
  header.writeUInt8(0x80 | (rcode & 0xf), 3);
  header.writeUInt16BE(1, 4);
  for (const [index, count] of [...counts, further + (opt ? 1 : 0)].entries())
    header.writeUInt16BE(count, 6 + 2 * index);
  return Buffer.concat([header, ...parts], bytes);
};

const udpLimit = ({edns}: Query): number =>
  Math.min(Math.max(edns?.udpBytes ?? limits.udp, limits.udp), largestUdp);

/** The upper bits of the response code are in the OPT record. */
const optOf = (rcode = 0): Buffer =>
  encode({
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: largestUdp,
        extendedRcode: rcode >> 4,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  }).subarray(headerBytes);

/** A pointer to the name of the question. */
const pointer = Buffer.from([0xc0, headerBytes]);

/**
 * Compresses the owner's name if it is that of the question, which may have bytes that dns-packet cannot encode. The root,
 * which is encoded instead, has one byte.
 */
const encodeRecord = (record: Answer, {labels}: Query): Buffer => {
  if (record.name !== labels.join('.')) return encode({answers: [record]}).subarray(headerBytes);
  return Buffer.concat([pointer, encode({answers: [{...record, name: '.'}]}).subarray(headerBytes + 1)]);
};

/** A query of our own, for one name in class IN. Throws for a name that is too long. */
export const encodeQuery = (id: number, name: string, type: number): Buffer => {
  const packet = encode({id, flags: 1 << 8, questions: [{name, type: 'A'}]});
  packet.writeUInt16BE(type, packet.length - 4);
  packet.writeUInt16BE(1, 10);
  return Buffer.concat([packet, optOf()]);
};
