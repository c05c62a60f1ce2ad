/** As much of ASN.1 DER as a certificate takes. */

const element = (tag: number, ...contents: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(contents);
  const {length} = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};

export const sequence = (...items: readonly Buffer[]) => element(0x30, ...items);
export const set = (...items: readonly Buffer[]) => element(0x31, ...items);
export const explicit = (tag: number, item: Buffer) => element(0xa0 + tag, item);
export const integer = (bytes: Buffer) => element(0x02, bytes);
export const boolean = (value: boolean) => element(0x01, Buffer.from([value ? 0xff : 0]));
export const text = (value: string) => element(0x0c, Buffer.from(value));
export const time = (value: Date) =>
  element(0x18, Buffer.from(`${value.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
export const bits = (bytes: Buffer) => element(0x03, Buffer.from([0]), bytes);
export const octets = (bytes: Buffer) => element(0x04, bytes);
/** SubjectAltName: [7] IP address. */
export const ipName = (ip: string) => element(0x87, Buffer.from(ip.split('.').map(Number)));
export const oid = (dotted: string) => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((part) => {
    const septets = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  });
  return element(0x06, Buffer.from([first * 40 + second, ...bytes]));
};
