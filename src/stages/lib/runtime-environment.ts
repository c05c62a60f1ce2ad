/** The environment file of kni.service. The node image contains it, so that a new node starts with the right flags. */

export const runtimeEnvironment = {name: 'runtime.env', path: '/etc/kni/runtime.env'} as const;

export interface RuntimeFlags {
  readonly podSubnet: string;
  /** Undefined: the default of the network runtime. */
  readonly backend?: string | undefined;
}

export const runtimeEnvironmentFor = ({podSubnet, backend}: RuntimeFlags): string => {
  const chosen = backend === undefined ? '' : ` --backend=${backend}`;
  return `KNI_RUNTIME_FLAGS=--pod-subnet=${podSubnet}${chosen}\n`;
};
