/** The environment file of kni.service, which the node image has from the start: a restart would interrupt the kubelet. */

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
