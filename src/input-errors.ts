/** The error codes for bad input, exit code 2: see error-catalogue.ts. */

import {type ErrorEntry, entry} from './error-entry.ts';

export const inputErrors = {
  'KNI-E200': entry(
    'The input is invalid.',
    'The message names the value and the reason.',
    'Correct the value.',
  ),
  'KNI-E201': entry(
    'A name or a value is invalid.',
    'Names of clusters and pods become host names, so they have lower-case letters, digits and dashes.',
    'Choose a value that the message allows.',
  ),
  'KNI-E202': entry(
    'The stack is unknown.',
    'kni-demo has no stack of that name, or the stack file does not exist.',
    'Pass `--stack bookworm`, `--stack upstream` or the path of a file.',
  ),
  'KNI-E203': entry(
    'The stack file is invalid.',
    'A field is missing, unknown or of another type. Each problem has its line.',
    'Correct the file; docs/stacks.md describes the fields.',
  ),
  'KNI-E204': entry(
    'Your own source cannot be used.',
    'It does not exist, is not a source tree of the component, was given twice, or has uncommitted changes.',
    'Pass `--source kubernetes=WHERE` or `--source containerd=WHERE` with a git URL or a directory.',
  ),
  'KNI-E205': entry(
    'A setting is invalid.',
    'kni-demo.yaml or a variable KNI_DEMO_* has an unknown name or a value that the flag does not accept. ' +
      'Or another user made the file, in a directory that all users may write.',
    'Correct it; `kni-demo config show` lists the settings.',
  ),
  'KNI-E206': entry(
    'The cluster does not exist.',
    'docker has no node container of that name.',
    'Create it with `kni-demo up`, or name another cluster with `--name`.',
  ),
  'KNI-E207': entry(
    'The cluster is stopped.',
    'At least one node container does not run.',
    'Start it with `kni-demo up`.',
  ),
  'KNI-E208': entry(
    'The node is unknown, or cannot be used.',
    'The cluster has no node of that name, or the command needs a worker.',
    'Choose one of the nodes that the message lists, or recreate the cluster with `--workers 1`.',
  ),
  'KNI-E209': entry(
    'The pod exists already.',
    'kni-demo does not replace pods.',
    'Choose another name, or delete the pod.',
  ),
  'KNI-E210': entry(
    'The pod does not exist.',
    'The API server has no pod of that name.',
    'Check the name and the namespace.',
  ),
  'KNI-E211': entry(
    "The pod uses its node's network.",
    'Pods with `hostNetwork` get no network through KNI.',
    'Choose another pod.',
  ),
  'KNI-E212': entry(
    'The bundle cannot be loaded.',
    'The file is damaged, or was saved by another version, for another stack or another architecture.',
    'Save it again with the same version of kni-demo.',
  ),
  'KNI-E213': entry(
    'The output cannot be written there.',
    'The path exists already, or its directory does not.',
    'Choose another path.',
  ),
  'KNI-E214': entry('Nothing was removed or fixed.', 'You did not confirm.', 'Answer y, or pass `--yes`.'),
  'KNI-E215': entry(
    'A directory was not removed.',
    'It has no marker of kni-demo, or contains files of others.',
    'Look at it, and remove it yourself if it is not needed.',
  ),
  'KNI-E216': entry(
    'A patch or a source tree cannot be read.',
    'The file is not a patch, or the directory is not a source tree of the component.',
    'Correct the path or the file.',
  ),
  'KNI-E217': entry(
    'The command line is invalid.',
    'A command, a flag or an argument is unknown, missing or superfluous.',
    'Read `kni-demo COMMAND --help`.',
  ),
  'KNI-E218': entry(
    'The image does not exist.',
    'Neither an image in the docker engine nor a file has that name.',
    'Pull or build it first, or give the path of a tarball.',
  ),
  'KNI-E219': entry(
    'The sandbox is unknown.',
    'No log line of the network runtimes names it.',
    'Take the id from `kni-demo pod inspect`, and leave out `--since` and `--node`.',
  ),
  'KNI-E220': entry(
    'The pods of a file cannot be created.',
    'The file is not valid YAML, or contains other objects or pods without a name.',
    'Put only pods into it. For other objects use `kni-demo kubectl apply -f FILE`.',
  ),
  'KNI-E221': entry(
    'A path is not a network runtime.',
    'The directory has neither `runtime.ts` nor a program in Go, or the file is missing or not executable. The message has the reason.',
    'Create a project with `kni-demo runtime new DIR`, or give the path of an executable.',
  ),
  'KNI-E222': entry(
    'Your own network runtime does not compile.',
    'The message has the file, the line and the column of each problem.',
    'Correct the file and run the same command again.',
  ),
  'KNI-E223': entry(
    'The network for pods is unknown or invalid.',
    'kni-demo has no network of that name, or the file is neither a CNI configuration nor a manifest.',
    'Pass `--cni kni`, `--cni flannel`, or a file or URL that docs/networks.md describes.',
  ),
  'KNI-E224': entry(
    'The network does not fit the cluster or the other flags.',
    'Its range of pods differs from that of the stack or has addresses of the nodes or of Services, it routes packets itself, or the nodes lack one of its plugins.',
    'Read the message; docs/networks.md says what a network needs.',
  ),
  'KNI-E230': entry(
    'The recording cannot be used.',
    'The file is not a recording of `kni-demo dashboard --record`, is damaged, is too large, or was made by a later version.',
    'Choose another file, take a part of it as the message says, or record a new one.',
  ),
  'KNI-E231': entry(
    'The dashboard cannot listen on the port.',
    'Another program listens there, or the port needs root.',
    'Leave out `--port` to take a free port, or choose another one.',
  ),
} as const satisfies Record<`KNI-E2${number}`, ErrorEntry>;
