/** A host port works while its pod runs, and is removed with it. */

import {CommandError} from '../host/command-error.ts';
import {waitUntil} from '../host/wait-until.ts';
import type {Drill, Scene} from './drill.ts';
import {deletePods, startPods} from './pods.ts';
import {quotes} from './questions.ts';

/** Services get ports from 30000 on. */
const port = 28_400;

const greeting = 'hello from the pod';

const page = `mkdir /www && echo ${greeting} >/www/index.html`;
const container = {
  command: ['/bin/ash', '-c', `trap 'exit 0' TERM; ${page} && httpd -f -p 80 -h /www & wait`],
  ports: [{containerPort: 80, hostPort: port}],
};

export const hostport: Drill = {
  name: 'hostport',
  shows: 'a host port works, and is removed with its pod',
  question: {asks: 'Does KNI keep what CNI plugins do today, such as host ports?', quote: quotes.parity},
  async run(scene) {
    const {worker, controlPlane, flag, cluster, signal} = scene;
    const {stdout} = await cluster.node(worker).run(['hostname', ['-i']], {signal});
    const ip = stdout.split(/\s+/).find((each) => each.includes('.')) ?? worker;
    const url = `http://${ip}:${port}/`;
    const list = `docker exec ${worker} iptables-save -t nat | grep ${port}`;
    const fetch = `docker exec ${controlPlane} curl -s ${url}`;

    await scene.step(`Before: port ${port} of ${worker} is unused`, [list, fetch], async ({check}) => {
      check('kernel', 'no rule has the port', noRules(await rulesOn(scene)));
      check('curl', 'nothing answers there', refused(await fetchFrom(scene, url)));
    });

    await scene.step(
      `Start a web server with host port ${port}`,
      [
        `kni-demo kubectl${flag} apply -f web.yaml`,
        `# its container has containerPort: 80, hostPort: ${port}`,
      ],
      async ({check, measure}) => {
        await startPods(scene, {name: 'web', container});
        const begun = performance.now();
        const answer = await waitUntil(
          {what: `the host port to answer at ${url}`, every: 100, atMost: 10_000, signal},
          () => fetchFrom(scene, url),
        );
        measure('answer after Ready', performance.now() - begun, 'ms');
        check('curl', `${controlPlane} gets the page from the port of ${worker}`, {
          holds: answer === greeting,
          saw: `${url} says "${answer}"`,
        });
        const rules = await rulesOn(scene);
        const dnat = rules.find((rule) => rule.includes('DNAT'));
        check('kernel', 'rules lead from the port to the pod', {
          holds: dnat !== undefined,
          saw: `${rules.length} rules, one ends ${dnat?.slice(dnat.indexOf('-j DNAT')) ?? 'nowhere'}`,
        });
      },
    );

    await scene.step(
      'Delete the pod',
      [`kni-demo kubectl${flag} delete pod web`, list, fetch],
      async ({check}) => {
        await deletePods(scene, 'web');
        check('kernel', 'no rule has the port any more', noRules(await rulesOn(scene)));
        check('curl', 'nothing answers any more', refused(await fetchFrom(scene, url)));
      },
    );
  },
};

const noRules = (rules: readonly string[]) => ({
  holds: rules.length === 0,
  saw: rules.length === 0 ? '0 rules' : rules.join(' ⏎ '),
});

const refused = (answer: string | undefined) => ({
  holds: answer === undefined,
  saw: answer === undefined ? 'connection refused' : `"${answer}"`,
});

/** The rules for host ports that contain the port. */
const rulesOn = async ({cluster, worker, signal}: Scene): Promise<readonly string[]> => {
  const {stdout} = await cluster.node(worker).run(['iptables-save', ['-t', 'nat']], {signal});
  return stdout.split('\n').filter((line) => new RegExp(`\\b${port}\\b`).test(line));
};

/** Asks from another node. Undefined if the connection is refused. */
const fetchFrom = async (
  {cluster, controlPlane, signal}: Scene,
  url: string,
): Promise<string | undefined> => {
  try {
    const {stdout} = await cluster.node(controlPlane).run(['curl', ['-s', '-m', '3', url]], {signal});
    return stdout.trim();
  } catch (error) {
    // Exit code 7: https://curl.se/docs/manpage.html
    if (error instanceof CommandError && error.exitStatus === 7) return undefined;
    throw error;
  }
};
