/** Answers queries: from the objects of the cluster, or by the resolvers of the node. */
import type {Answer} from 'dns-packet';
import {errorText, type Log} from '../../runtime/src/log.ts';
import {pointersAt, recordsAt, soaOf, type Zone} from './records.ts';
import type {Upstream} from './upstream.ts';
import {
  encodeResponse,
  parseQuery,
  type Query,
  type Response,
  rcodes,
  type Transport,
  types,
} from './wire.ts';

/** Undefined if the packet gets no response. Never rejects. */
export type Answerer = (packet: Buffer, transport: Transport) => Promise<Buffer | undefined>;

export interface AnswererOptions {
  readonly zone: Zone;
  readonly upstream: Upstream;
  readonly log: Log;
}

const classIn = 1;
/** A longer chain of aliases counts as a loop. */
const mostAliases = 8;

export const createAnswerer =
  ({zone, upstream, log}: AnswererOptions): Answerer =>
  async (packet, transport) => {
    const parsed = parseQuery(packet);
    if (parsed.kind === 'ignored') return undefined;
    if (parsed.kind === 'refused') return parsed.response;
    const {query} = parsed;
    const reply = (response: Response): Buffer => encodeResponse(query, response, transport);
    if (query.edns && query.edns.version > 0) return reply({rcode: rcodes.BADVERS});
    if (isRefused(query)) return reply({rcode: rcodes.REFUSED});
    try {
      const own = await ownResponse(query, zone, upstream);
      return own ? reply(own) : await upstream.forward(packet, transport);
    } catch (error) {
      log.debug('no answer', {name: query.labels.join('.'), type: query.type, error: errorText(error)});
      return reply({rcode: rcodes.SERVFAIL});
    }
  };

/** Other classes have no records here, and the zone cannot be transferred. */
const isRefused = ({class: queried, type}: Query): boolean =>
  queried !== classIn || type === types.AXFR || type === types.IXFR;

/** Undefined for a name outside of the zone, and for the reverse name of an unknown address: these are forwarded. */
const ownResponse = async (query: Query, zone: Zone, upstream: Upstream): Promise<Response | undefined> => {
  const path = pathBelow(zone, query.labels);
  const name = query.labels.join('.');
  if (path === undefined && !/\.(?:in-addr|ip6)\.arpa$/.test(name)) return undefined;
  // Without the objects, each name would seem not to exist.
  if (!zone.directory.isSynced()) return {rcode: rcodes.SERVFAIL};
  if (path !== undefined) return zoneResponse(path, query, zone, upstream);
  const pointers = pointersAt(name, zone);
  if (pointers.length === 0) return undefined;
  const answers = matching(pointers, query.type);
  // A resolver would say that the name does not exist, and clients keep that for all types.
  const authorities = answers.length === 0 ? [soaOf(zone, name)] : [];
  return {rcode: rcodes.NOERROR, answers, authorities, authoritative: true};
};

/** The labels below the zone, beginning with the last; undefined for a name outside of the zone. */
const pathBelow = ({name}: Zone, labels: readonly string[]): readonly string[] | undefined => {
  const ofZone = name.split('.');
  const start = labels.length - ofZone.length;
  if (start < 0 || ofZone.some((label, index) => label !== labels[start + index])) return undefined;
  return labels.slice(0, start).reverse();
};

const typeNumbers: ReadonlyMap<string, number> = new Map(Object.entries(types));

const matching = (records: readonly Answer[], type: number): readonly Answer[] =>
  records.filter((record) => type === types.ANY || type === typeNumbers.get(record.type));

const zoneResponse = async (
  start: readonly string[],
  {type}: Query,
  zone: Zone,
  upstream: Upstream,
): Promise<Response> => {
  const aliases: Answer[] = [];
  const negative = (rcode: number): Response => ({
    rcode,
    answers: aliases,
    authorities: [soaOf(zone)],
    authoritative: true,
  });
  let path = start;
  while (aliases.length < mostAliases) {
    const records = recordsAt(path, zone);
    if (records === undefined) return negative(rcodes.NXDOMAIN);
    const found = matching(records, type);
    if (found.length > 0) return positive(aliases, found, zone);
    const alias = records.find((record) => record.type === 'CNAME');
    if (alias?.type !== 'CNAME') return negative(rcodes.NOERROR);
    aliases.push(alias);
    const target = alias.data;
    const next = pathBelow(zone, target.split('.'));
    if (next === undefined) {
      const {rcode, answers = [], authorities = []} = await upstream.lookUp(target, type);
      return {rcode, answers: [...aliases, ...answers], authorities, authoritative: true};
    }
    path = next;
  }
  return {rcode: rcodes.SERVFAIL};
};

const positive = (aliases: readonly Answer[], found: readonly Answer[], zone: Zone): Response => ({
  rcode: rcodes.NOERROR,
  answers: [...aliases, ...rotate(found)],
  additionals: targetAddresses(found, zone),
  authoritative: true,
});

/** A generator: most of the addresses of a large Service do not fit into the response. */
function* targetAddresses(records: readonly Answer[], zone: Zone): Generator<Answer> {
  for (const record of records) if (record.type === 'SRV') yield* addressesAt(record.data.target, zone);
}

const addressesAt = (name: string, zone: Zone): readonly Answer[] => {
  const path = pathBelow(zone, name.split('.'));
  const records = path === undefined ? [] : recordsAt(path, zone);
  return records?.filter(({type}) => type === 'A' || type === 'AAAA') ?? [];
};

/** Many clients use only the first address: a random start spreads them over all. */
const rotate = <T>(items: readonly T[]): readonly T[] => {
  const start = Math.floor(Math.random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
};
