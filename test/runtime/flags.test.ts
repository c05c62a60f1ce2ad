import {describe, expect, it} from 'vitest';
import {optionsFrom, usage} from '../../runtime/src/flags.ts';

describe('the flags', () => {
  it('have the defaults of a node', () => {
    expect(optionsFrom(['--node-name=a'])).toEqual({
      socket: '/run/kni/kni.sock',
      stateDir: '/var/lib/kni',
      netnsDir: '/run/netns',
      confDir: '/etc/kni/net.d',
      binDirs: ['/usr/lib/cni'],
      containerRuntimeCniDir: '/etc/cni/net.d',
      cniCacheDir: '/var/lib/cni',
      kubeconfig: '/etc/kubernetes/kubelet.conf',
      nodeName: 'a',
      podSubnets: [],
      backend: 'host-gw',
      foreignNetwork: undefined,
      neededFiles: [],
      pluginTimeoutMs: 30_000,
      giveUpAfterMs: 120_000,
      repairIntervalMs: 60_000,
      pendingLimit: 8,
      startEarly: new Set(
        'bandwidth bridge firewall host-device ipvlan macvlan portmap ptp sbr tuning vlan vrf'.split(' '),
      ),
      stopTimeoutMs: 10_000,
      logLevel: 'info',
      metricsAddress: {host: '127.0.0.1', port: 9465},
      allowPortMappings: false,
      selectablePrimary: false,
      sharedNamespaces: [],
    });
  });

  it('can all be given', () => {
    const args = [
      '--socket=/s/kni.sock',
      '--state-dir=/state/',
      '--cni-bin-dir=/a:/b',
      '--pod-subnet=10.244.0.0/16,fd00:10:244::/56',
      '--backend=vxlan',
      '--plugin-timeout=0.5',
      '--log-level=debug',
      '--metrics-address=[::1]:80',
      '--allow-port-mappings',
      '--selectable-primary',
      '--shared-namespaces=default,kube-system',
    ];
    expect(optionsFrom(args)).toMatchObject({
      socket: '/s/kni.sock',
      stateDir: '/state',
      binDirs: ['/a', '/b'],
      podSubnets: ['10.244.0.0/16', 'fd00:10:244::/56'],
      backend: 'vxlan',
      pluginTimeoutMs: 500,
      logLevel: 'debug',
      metricsAddress: {host: '::1', port: 80},
      allowPortMappings: true,
      selectablePrimary: true,
      sharedNamespaces: ['default', 'kube-system'],
    });
    expect(optionsFrom(['--shared-namespaces=*'])?.sharedNamespaces).toEqual(['*']);
    expect(optionsFrom(['--start-early=portmap,mine'])?.startEarly).toEqual(new Set(['portmap', 'mine']));
    expect(optionsFrom(['--start-early='])?.startEarly).toEqual(new Set());
    expect(optionsFrom(['--backend=none', '--foreign-network=cbr0', '--needed-files=/a,/b'])).toMatchObject({
      backend: 'none',
      foreignNetwork: 'cbr0',
      neededFiles: ['/a', '/b'],
    });
    expect(optionsFrom(['--metrics-address='])?.metricsAddress).toBeUndefined();
  });

  it.each([
    ['--netns-dir=netns', "--netns-dir must be an absolute path, not 'netns'"],
    ['--netns-dir=/run/../netns', "--netns-dir must be an absolute path, not '/run/../netns'"],
    ['--cni-bin-dir=/a::/b', "--cni-bin-dir must be an absolute path, not ''"],
    ['--pod-subnet=10.244.0.0', "--pod-subnet must be one subnet per IP family, not '10.244.0.0'"],
    ['--pod-subnet=10.0.0.0/8,', "--pod-subnet must be one subnet per IP family, not '10.0.0.0/8,'"],
    ['--pod-subnet=10.0.0.0/8,11.0.0.0/8', '--pod-subnet must be one subnet per IP family'],
    ['--backend=ipip', '--backend must be one of host-gw, vxlan, none'],
    [
      '--backend=none',
      '--backend none needs --foreign-network: the program that routes packets to other nodes also configures the network',
    ],
    ['--needed-files=/a,b', "--needed-files must be an absolute path, not 'b'"],
    [
      '--plugin-timeout=soon',
      "--plugin-timeout must be a number of seconds above 0 and up to 3600, not 'soon'",
    ],
    ['--plugin-timeout=0', "--plugin-timeout must be a number of seconds above 0 and up to 3600, not '0'"],
    ['--metrics-address=9465', "--metrics-address must be HOST:PORT or empty, not '9465'"],
    ['--metrics-address=a:70000', "--metrics-address must be HOST:PORT or empty, not 'a:70000'"],
    ['--log-level=loud', '--log-level must be one of debug, info, warn, error'],
    ['--allow-port-mappings=no', "Option '--allow-port-mappings' does not take an argument"],
    [
      '--shared-namespaces=a,,b',
      "--shared-namespaces must be * or namespaces separated by commas, not 'a,,b'",
    ],
    ['--shared-namespaces=A/b', "--shared-namespaces must be * or namespaces separated by commas, not 'A/b'"],
    ['--start-early=a,../b', "--start-early must be types of CNI plugins separated by commas, not 'a,../b'"],
    ['--colour', "Unknown option '--colour'"],
    ['extra', "Unexpected argument 'extra'"],
  ])('refuse %s', (flag, message) => {
    expect(() => optionsFrom([flag])).toThrow(message);
  });

  it('explain themselves', () => {
    expect(optionsFrom(['--help'])).toBeUndefined();
    expect(optionsFrom(['-h'])).toBeUndefined();
    const explained = usage().match(/^ {2}--[a-z-]+ /gm);
    expect(explained).toHaveLength(24);
  });
});
