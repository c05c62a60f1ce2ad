/**
 * What KEP-4410 promises and what its reviewers asked, verbatim from https://github.com/kubernetes/enhancements/pull/4477. "KEP" is
 * the draft README.md of that pull request.
 */

export const reviewAddress = 'https://github.com/kubernetes/enhancements/pull/4477';

export const quotes = {
  specific: {
    text: 'A list of _specific_ architectural/API changes you intend to make.',
    by: 'danwinship, 2024-02-04',
  },
  readiness: {
    text: 'Provide a RPC to indicate network readiness for the node (no more CNI network configuration files in host file system)',
    by: 'KEP, goals; BenTheElder on the goals, 2024-02-22: "Which is not possible in CNI because ...?"',
  },
  daemon: {
    text: 'I want to move networking out of CRI and have it be implemented by a separate daemon which there will be multiple implementations of',
    by: 'danwinship, 2024-02-04, naming a change that the KEP should describe',
  },
  exhaustion: {
    text: 'Provide a RPC to prevent additional scheduling of pods if IPAM is out of IP addresses without evicting running pods',
    by: 'KEP, goals',
  },
  troubleshooting: {
    text: 'These challenges include deployment of the CNI plugins, troubleshooting networking issues and development of new functionality.',
    by: 'KEP, motivation',
  },
  garbage: {
    text: 'Provide garbage collection to ensure no resources created during pod setup such as Linux bridges, ebpf programs, allocated IP addresses are left behind after pod deletion',
    by: 'KEP, goals; BenTheElder on the goals, 2024-02-22: "Which is not possible in CNI because ...?"',
  },
  layers: {
    text: 'Consolidate K8s networking to a single layer without involving the container/oci runtimes',
    by: 'KEP, goals',
  },
  parity: {
    text: "KNI should provide the RPC's required to establish feature parity with current CNI [ADD, DEL]",
    by: 'KEP, goals',
  },
  comparison: {
    text: 'Which is not possible in CNI because ...?',
    by: 'BenTheElder on the goals of the KEP, 2024-02-22',
  },
  podObject: {
    text: 'TODO: Add goal of having the pod object available at network runtime',
    by: 'dougbtv, 2024-02-08',
  },
} as const;
