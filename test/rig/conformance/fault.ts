/** How the model runtime can be broken. */
import type {DescMessage} from '@bufbuild/protobuf';
import type {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import type {Request, Response} from './model-handlers.ts';

type Methods = typeof KNI.method;

/** Replaces a call; `next` is the right one. */
export type Around<Key extends keyof Methods> = (
  request: Request<Key>,
  next: (request: Request<Key>) => Promise<Response<Key>>,
) => Promise<Response<Key>>;

export interface Fault {
  readonly calls?: {readonly [Key in keyof Methods]?: Around<Key>};
  /** Further methods, which return an empty message. */
  readonly methods?: readonly {
    readonly name: string;
    readonly input: DescMessage;
    readonly output: DescMessage;
  }[];
  /** Methods that are not implemented. */
  readonly lacks?: readonly string[];
  /** May throw. */
  readonly beforeDecoding?: (bytes: Uint8Array) => void;
  /** What to take for a message that cannot be decoded. */
  readonly onUndecodable?: () => object;
  /** Gets the authority of a call, and may throw. */
  readonly checkHost?: (host: string) => void;
  /** It starts although another instance is running. */
  readonly isThief?: boolean;
  /** It does not remove a stale socket. */
  readonly keepsSocket?: boolean;
  /** It does not look for networks that a restart of the node has destroyed. */
  readonly skipsRecovery?: boolean;
  readonly exitCode?: number;
  readonly beforeStart?: () => Promise<void> | void;
  readonly afterStart?: (socket: string) => Promise<void> | void;
  /** Listens at the first path, and passes on to the second one. */
  readonly front?: (socket: string, behind: string) => void;
}
