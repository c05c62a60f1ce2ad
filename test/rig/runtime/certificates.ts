/** Makes certificates for a test's own API server and its clients; keys that are in no repository cannot leak from one. */
import {generateKeyPairSync, type KeyObject, randomBytes, sign} from 'node:crypto';
import {bits, boolean, explicit, integer, ipName, octets, oid, sequence, set, text, time} from './der.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  readonly issue: (commonName: string) => Certificate;
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

/** Good for 127.0.0.1. */
export const createAuthority = (): Authority => {
  const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
  const issuer = {name: 'test authority', key: privateKey};
  const own = certificate({subject: issuer.name, publicKey, issuer, isAuthority: true});
  return {
    cert: own,
    key: pemOf(privateKey),
    issue: (commonName) => {
      const pair = generateKeyPairSync('ec', {namedCurve: 'P-256'});
      const cert = certificate({subject: commonName, publicKey: pair.publicKey, issuer, isAuthority: false});
      return {cert, key: pemOf(pair.privateKey)};
    },
  };
};

interface Wanted {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: {readonly name: string; readonly key: KeyObject};
  readonly isAuthority: boolean;
}

const certificate = ({subject, publicKey, issuer, isAuthority}: Wanted): string => {
  const day = 86_400_000;
  const constraints = sequence(
    oid('2.5.29.19'),
    boolean(true),
    octets(sequence(...(isAuthority ? [boolean(true)] : []))),
  );
  const names = sequence(oid('2.5.29.17'), octets(sequence(ipName('127.0.0.1'))));
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))), // v3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(issuer.name),
    sequence(time(new Date(Date.now() - day)), time(new Date(Date.now() + day))),
    nameOf(subject),
    publicKey.export({type: 'spki', format: 'der'}),
    explicit(3, sequence(constraints, names)),
  );
  const der = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuer.key)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
};

const nameOf = (commonName: string) => sequence(set(sequence(oid('2.5.4.3'), text(commonName))));

const pemOf = (key: KeyObject): string => key.export({type: 'pkcs8', format: 'pem'}).toString();
