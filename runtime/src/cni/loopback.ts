/** The pod's `lo` is a network of its own, brought up by the loopback plugin, as every CNI container runtime does. */
export const loopback = {
  ifName: 'lo',
  config: '{"cniVersion":"1.0.0","name":"kni-loopback","plugins":[{"type":"loopback"}]}',
} as const;
