/** A small client for the API server: one request for JSON, and one for a stream of JSON lines. */
import type {IncomingMessage} from 'node:http';
import {request} from 'node:https';
import {createInterface} from 'node:readline';
import type {Cluster} from './kubeconfig.ts';

/** The API server answered with an error status. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';
  readonly statusCode: number;

  constructor(statusCode: number, text: string) {
    super(`the API server answered ${statusCode}: ${text.slice(0, 200)}`);
    this.statusCode = statusCode;
  }
}

export interface ApiRequest {
  readonly cluster: Cluster;
  readonly path: string;
  readonly signal: AbortSignal;
  /** Timeout for the first answer; without it the kernel would try to connect for two minutes. */
  readonly silenceMs?: number;
}

const usualSilenceMs = 10_000;

export const getJson = async (apiRequest: ApiRequest): Promise<unknown> =>
  JSON.parse(await bodyOf(await send(apiRequest, apiRequest.silenceMs ?? usualSilenceMs)));

/** Yields the lines of a watch until the API server ends it; `idleMs` without data is an error. */
export async function* streamJson(apiRequest: ApiRequest, idleMs: number): AsyncGenerator {
  const response = await send(apiRequest, idleMs);
  const failed = new Promise<never>((_, reject) => response.on('error', reject));
  failed.catch(() => undefined); // it is awaited only at the end, but may reject earlier
  try {
    for await (const line of createInterface({input: response})) yield JSON.parse(line) as unknown;
    if (!response.complete) await failed;
  } finally {
    response.destroy();
  }
}

const send = async (
  {cluster, path, signal, silenceMs = usualSilenceMs}: ApiRequest,
  idleMs: number,
): Promise<IncomingMessage> => {
  const {server, token, ca, cert, key} = cluster;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(new URL(path, server), {
      // No connection is reused, because the certificate may be rotated before the next request.
      agent: false,
      ca,
      cert,
      key,
      signal,
      headers: {accept: 'application/json', ...(token && {authorization: `Bearer ${token}`})},
    });
    const end = () => sent.destroy(new Error('the API server does not respond'));
    sent.setTimeout(idleMs, end); // this timeout starts with the connection
    const timeout = setTimeout(end, silenceMs);
    sent.on('response', resolve);
    sent.on('error', reject);
    for (const event of ['response', 'close']) sent.once(event, () => clearTimeout(timeout));
    sent.end();
  });
  if (response.statusCode !== 200) throw new ApiRefused(response.statusCode ?? 0, await bodyOf(response));
  return response;
};

const bodyOf = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};
