/**
 * Every error code of kni-demo: what failed, the usual reason, and what to do. The first digit is the exit code. A code keeps its
 * meaning in later versions. docs/errors.md is made from this list.
 */

import {type ErrorEntry, entry} from './error-entry.ts';
import {inputErrors} from './input-errors.ts';

const again = 'Fix the cause and run the same command again. Finished tasks are kept.';

export const errorCatalogue = {
  'KNI-E100': entry('A task failed.', 'The message names the reason and the log file.', again),
  'KNI-E101': entry(
    'The proof failed: the sources do not agree on the network of the pod.',
    'A call is missing from the log of the runtime, or the pod, the API server and containerd show different networks.',
    'Compare them with `kni-demo pod inspect POD --check`.',
  ),
  'KNI-E102': entry(
    'A pod did not become Ready in time.',
    'Often an image cannot be pulled, or an attachment fails. The message has the last warning event of the pod.',
    'Read `kni-demo logs --pod POD`.',
  ),
  'KNI-E103': entry(
    'The nodes did not become Ready in time.',
    'A network runtime does not run, or reports a network that is not ready.',
    'Read `kni-demo networks` and `kni-demo logs`.',
  ),
  'KNI-E104': entry(
    'kind could not create the cluster.',
    'The message has the error of kind, for example a port or a name that is taken.',
    'Remove the cause and run the same command again. The unfinished cluster is replaced.',
  ),
  'KNI-E105': entry(
    'A patch does not apply as `up` applies it.',
    'The pinned source differs from what the patch was made for, or the patch needs fuzz.',
    'Read the lines that begin with - or !, and correct the patch.',
  ),
  'KNI-E106': entry(
    'Some hunks could not be rebased onto the other release.',
    'The other release changed the lines around them.',
    'Read rejected.txt in the output directory, and add these changes by hand.',
  ),
  'KNI-E107': entry(
    'A download or a build step failed.',
    'A mirror or registry does not answer, the disk is full, or a compiler reports an error.',
    again,
  ),
  'KNI-E108': entry(
    'Your own source cannot be built here.',
    'It needs another release of Go or of its build tools than the stack has.',
    'Use a source of the release that the stack pins, or a stack that fits it.',
  ),
  'KNI-E109': entry(
    'A git repository cannot be read.',
    'The address is wrong, the host does not answer, or git has no permission.',
    'Try it yourself with `git ls-remote URL`.',
  ),
  'KNI-E110': entry(
    'A source changed while kni-demo used it.',
    'A branch moved, or files were edited during the run.',
    'Run the same command again.',
  ),
  'KNI-E111': entry(
    'A download differs from what the stack pins.',
    'The mirror has another version, or the file was changed on its way.',
    'Use another mirror, or correct the checksum in the stack file if the change is intended.',
  ),
  'KNI-E112': entry(
    'The network of a pod cannot be inspected.',
    'The pod is not scheduled yet, its sandbox is gone, or the network runtime of its node does not answer.',
    'Wait until the pod runs; see `kni-demo networks` for the state of its node.',
  ),
  'KNI-E113': entry(
    'A program that kni-demo started failed.',
    'The message has its command line and its last lines of output.',
    'Run the command yourself, fix the cause and run kni-demo again.',
  ),
  'KNI-E114': entry(
    'A file or directory cannot be read or written.',
    'A permission is missing, or the disk is full.',
    'Run kni-demo as the owner of the path, free some space, or set XDG_CACHE_HOME and XDG_STATE_HOME.',
  ),
  'KNI-E115': entry(
    'A temporary change to a cluster cannot be undone.',
    'A node is stopped or does not answer, or the record of the change cannot be read.',
    'Remove the cause and run `kni-demo up`, which tries again. `kni-demo down` forgets the change with the cluster.',
  ),
  'KNI-E116': entry(
    'An image cannot be loaded into the nodes.',
    'containerd refuses the file: it is not a tarball of `docker save`, or is for another architecture.',
    'Save it again with `docker save`, for the architecture of the nodes.',
  ),
  'KNI-E117': entry(
    'Your own network runtime does not work.',
    'It does not become ready, or its pods do not. The message has the reason and the last lines of its log. ' +
      'The former network runtime is in use again.',
    'Correct it, and try it on this machine with `kni-demo runtime test DIR`.',
  ),
  'KNI-E118': entry(
    'The network runtime under test does not start or does not answer.',
    'It ended, it listens elsewhere, or it reports no ready network. The message has its last lines of output.',
    'Listen at the path in KNI_SOCKET, and answer QueryNodeNetworks with a ready network.',
  ),
  'KNI-E119': entry(
    'A node cannot be switched.',
    'The network runtime on the node is older than kni-demo, a CNI plugin is missing on the node, or the network is not that of kni-demo.',
    'Run `kni-demo up`, which updates the network runtime.',
  ),
  'KNI-E120': entry(
    'A node disappeared while a command worked on it.',
    'Its container was stopped or removed. The other nodes are restored.',
    'Run `kni-demo up`, which starts the node and restores it, or says how to replace it.',
  ),
  'KNI-E199': entry(
    'kni-demo has a bug.',
    'An error occurred that kni-demo does not expect.',
    'Report it with the printed stack trace.',
  ),
  ...inputErrors,
  'KNI-E300': entry('This machine lacks something.', 'The message names it.', 'Install or free it.'),
  'KNI-E301': entry(
    'This machine does not meet the requirements.',
    'docker, kind, disk or memory is missing. The message lists everything at once.',
    'Pass `--yes`, or run the commands that the message lists.',
  ),
  'KNI-E302': entry(
    'Root is needed.',
    'Packages must be installed, or the docker engine must be started.',
    'Run the command as root.',
  ),
  'KNI-E303': entry(
    'This system is not supported.',
    'The demo builds Linux programs for amd64 and arm64.',
    'Use a machine with Linux.',
  ),
  'KNI-E304': entry(
    'docker does not answer.',
    'The engine is stopped, or DOCKER_HOST points to another one.',
    'Run `kni-demo up`, which lists what this machine lacks.',
  ),
  'KNI-E305': entry(
    'The docker engine did not start.',
    'The message has the last line of its log.',
    'Read the log that the message names.',
  ),
  'KNI-E306': entry(
    'The docker engine cannot run privileged containers.',
    'The nodes of kind are privileged containers. A sandbox or a capability limit of this machine forbids them.',
    'Use a machine or a virtual machine without this limit.',
  ),
  'KNI-E307': entry(
    'The cache or the state directory cannot be locked.',
    'It cannot be created or written.',
    'Set XDG_CACHE_HOME and XDG_STATE_HOME to directories that you may write.',
  ),
  'KNI-E308': entry(
    'The disk has too little free space.',
    'The bundle needs more space than the disk has.',
    'Free some space, or choose another disk.',
  ),
  'KNI-E309': entry(
    'A program is missing.',
    'The command needs tar, patch or git on this machine.',
    'Install it.',
  ),
  'KNI-E310': entry('An image cannot be pulled.', 'The registry does not answer or lacks the image.', again),
  'KNI-E311': entry(
    'The conformance suite cannot create or reach a node.',
    'This user is not root, or a program, the CNI plugins or the docker engine of the node are missing on this machine.',
    'Run it as root with util-linux and iproute2, or test a running network runtime with `--socket`.',
  ),
  'KNI-E400': entry(
    'An existing cluster, file or object is in the way.',
    'The message names it.',
    'Choose another name, or remove it.',
  ),
  'KNI-E401': entry(
    'The cluster has another owner.',
    'kni-demo did not make it, or another state directory owns it.',
    'Choose another name with `--name`, or set XDG_STATE_HOME to the directory that made it.',
  ),
  'KNI-E402': entry(
    'The cluster exists with other parameters.',
    'It runs another node image, or has another number of workers. kni-demo does not replace a cluster by itself.',
    'Pass the parameters of the cluster, choose another name, or run `kni-demo down` first.',
  ),
  'KNI-E403': entry(
    'The cluster is incomplete.',
    'The container of a node was removed.',
    'Recreate it: `kni-demo down`, then `kni-demo up`.',
  ),
  'KNI-E404': entry(
    'The cluster is in another docker engine.',
    'docker is connected to an engine that does not have this cluster.',
    'Point DOCKER_HOST or the docker context to that engine.',
  ),
  'KNI-E405': entry(
    'The docker engine or its cache was not removed.',
    'It has containers, images or volumes of others, or another state directory started it.',
    'Remove them yourself, or pass `--purge-foreign`.',
  ),
  'KNI-E406': entry(
    'A namespace that drills use exists already.',
    'You made a namespace of that name. A drill would delete it with its pods.',
    'Delete the namespace if you do not need it.',
  ),
  'KNI-E407': entry(
    'The nodes run your own network runtime.',
    "Drills, `compare` and `up --cni` need kni-demo's own. `runtime dev` needs the same version on all nodes.",
    'Run `kni-demo runtime use default`.',
  ),
  'KNI-E408': entry(
    'The pods have a network of `up --cni`.',
    'Your own network runtime and that network would set the same routes and rules on the nodes.',
    'Run `kni-demo up --cni kni`, then use your runtime.',
  ),
  'KNI-E500': entry(
    'Another kni-demo is running.',
    'It uses the same cache or state directory.',
    'Wait for it, or pass `--lock-timeout 10m`.',
  ),
} as const satisfies Record<`KNI-E${1 | 2 | 3 | 4 | 5}${number}`, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
